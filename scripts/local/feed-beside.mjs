import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readCommandLine, UsageError } from "./command-line.mjs";
import { Reaper } from "./reaper.mjs";
import { readRuns } from "./run-file.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/**
 * Starts a feed that feeds the running stack, and ends as it ends.
 * @param {string[]} args
 */
export async function runFeed(args) {
  try {
    const options = await readCommandLine(args, ROOT);
    if (options === "help" || options.feed === "none")
      throw new UsageError("npm run feed -- --feed simulator|replay|… with the options of npm start");
    const stack = runningStack(options, args);
    // What is no price goes beside any feed.
    if (stack.feed !== "none" && !["news", "ingest", "items"].includes(options.feed))
      throw new UsageError(
        `this stack has its feed already (${stack.feed}): start one with \`npm start -- --feed none\``,
      );
    const program = join(ROOT, "scripts", "local", "feed-program.ts");
    const node = join(ROOT, "node_modules", ".bin", "node");
    const child = spawn(node, [program], {
      cwd: ROOT,
      stdio: "inherit",
      detached: true,
      env: {
        ...process.env,
        MIB_FEED: JSON.stringify({
          setFolder: stack.setFolder,
          portOffset: stack.portOffset,
          feed: options.feed,
          args: options.feedArguments,
          environment: stack.feedEnvironment,
        }),
      },
    });
    const reaper = new Reaper();
    if (child.pid !== undefined) reaper.watch(child.pid);
    for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]))
      process.on(signal, () => child.kill("SIGTERM"));
    const code = await new Promise((resolve) => child.once("exit", (exit) => resolve(exit ?? 1)));
    reaper.close();
    process.exit(code);
  } catch (error) {
    process.stderr.write(`${/** @type {Error} */ (error).message}\n`);
    process.exit(error instanceof UsageError ? 64 : 1);
  }
}

/** @param {import("./command-line.mjs").StackOptions} options @param {string[]} args */
function runningStack(options, args) {
  const named = args.includes("--set") ? options.set : null;
  const offset = args.includes("--port-offset") ? options.portOffset : null;
  const runs = readRuns(options.dataFolder).filter(
    (run) => (named === null || run.set === named) && (offset === null || run.portOffset === offset),
  );
  const [run, another] = runs;
  if (run === undefined) throw new Error("no stack runs here: start one with `npm start -- --feed none`");
  if (another !== undefined)
    throw new Error(`several stacks run here: choose one by --set ${runs.map(({ set }) => set).join("|")}`);
  return run;
}
