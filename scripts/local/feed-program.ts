import { spawn } from "node:child_process";
import { join } from "node:path";
import { bindFeed } from "./data-set.ts";
import { freePorts, isFree, PORTS } from "./ports.ts";

/** The feed of `npm run feed`: checks that it belongs to the stack's data set, then runs it in the foreground. */
interface Order {
  setFolder: string;
  portOffset: number;
  feed: string;
  args: string[];
  environment: Record<string, string>;
}

const { setFolder, portOffset, feed, args, environment } = JSON.parse(process.env.MIB_FEED!) as Order;
try {
  if (!["news", "ingest", "items"].includes(feed)) bindFeed(setFolder, feed);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}
const usual = PORTS.feed + portOffset;
const [port] = (await isFree(usual)) ? [usual] : await freePorts(1);
const main = join(import.meta.dirname, "..", "..", "feeds", "src", "main.ts");
const child = spawn(process.execPath, [main, ...args], {
  stdio: "inherit",
  env: { ...process.env, ...environment, HOST: "127.0.0.1", ADMIN_PORT: String(port) },
});
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => child.kill(signal));
child.once("exit", (code) => process.exit(code ?? 1));
