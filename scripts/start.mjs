// The entry of `npm start`. It has no dependencies and runs on any Node ≥ 20, because it is what installs them.
const [major] = process.versions.node.split(".");
if (Number(major) < 20) {
  process.stderr.write(`Node.js ≥ 20 is needed, this is ${process.versions.node}: https://nodejs.org\n`);
  process.exit(69);
}
const { launch } = await import("./local/launcher.mjs");
await launch(process.argv.slice(2));
