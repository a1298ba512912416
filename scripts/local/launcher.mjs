import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { HELP, readCommandLine, UsageError } from "./command-line.mjs";
import { endCommands, guardCommands } from "./install/execute.mjs";
import { missingMessage } from "./install/installation.mjs";
import { planStack } from "./install/plan.mjs";
import { Progress } from "./progress.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const EXIT = { failed: 1, usage: 64, toolsMissing: 69, interrupted: 130 };
/** A terminal's Ctrl-C arrives twice under npm, once from the terminal and once from npm: that is one wish. */
const ONE_WISH_MS = 400;

/** @typedef {import("./install/plan.mjs").StackInstallations} StackInstallations */
/** @typedef {{ stop: () => void, kill: () => void }} Running */

/**
 * Brings the machine to where the stack can run and starts it under the project's own Node: what is missing is said at once,
 * downloads and builds run side by side, and each part is started when what it needs is there.
 * @param {string[]} args
 */
export async function launch(args) {
  const startedAt = Date.now();
  const options = await commandLine(args);
  const plan = await planStack({ root: ROOT, logFolder: join(options.setFolder, "logs") });
  const wanted = options.onlyServers ? without(plan, ["engine", "web"]) : plan;
  const missing = Object.values(wanted).flatMap((installation) => installation.tools);
  if (missing.length > 0) {
    process.stderr.write(missingMessage(missing));
    process.exit(EXIT.toolsMissing);
  }

  const progress = new Progress(process.stdout);
  /** @type {Running | undefined} */
  let stack;
  let ending = false;
  const end = (/** @type {number} */ code) => {
    ending = true;
    endCommands();
    progress.close();
    process.exitCode = code;
    if (stack === undefined) process.exit(code);
    stack.stop();
  };
  onWishToStop({
    first: () => end(EXIT.interrupted),
    second: () => (stack === undefined ? process.exit(EXIT.interrupted) : stack.kill()),
  });

  /** @type {(message: object) => void} */
  let tell = () => {};
  /** @type {object[]} */
  const early = [];
  const installed = (/** @type {string} */ name, /** @type {unknown} */ value) => {
    const message = { type: "installed", name, value: value ?? null };
    if (stack === undefined) early.push(message);
    else tell(message);
  };
  try {
    const npm = install("npm", plan.npm, progress);
    const rest = Object.entries(wanted)
      .filter(([name]) => name !== "npm")
      .map(async ([name, installation]) => {
        // The page is built by a package.
        if (name === "web") await npm;
        installed(name, await install(name, installation, progress));
      });
    // Looked at below; until then it is no unhandled rejection.
    const restDone = Promise.all(rest);
    restDone.catch(() => {});
    await npm;
    if (ending) return;
    const started = startStack(options, progress);
    stack = started;
    tell = started.tell;
    for (const message of [
      { type: "start", root: ROOT, options, startedAt },
      { type: "installed", name: "npm", value: null },
      ...early,
    ])
      tell(message);
    void started.ended.then((code) => process.exit(process.exitCode ?? code));
    await restDone;
  } catch (error) {
    if (ending) return;
    progress.close();
    process.stderr.write(`\n${/** @type {Error} */ (error).message}\n`);
    end(EXIT.failed);
  }
}

/** @param {string[]} args */
async function commandLine(args) {
  try {
    const options = await readCommandLine(args, ROOT);
    if (options !== "help") return options;
    process.stdout.write(HELP);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT.usage);
  }
}

/**
 * @template {object} Whole
 * @param {Whole} whole
 * @param {string[]} names
 */
function without(whole, names) {
  return /** @type {Partial<Whole>} */ (
    Object.fromEntries(Object.entries(whole).filter(([name]) => !names.includes(name)))
  );
}

/**
 * @param {string} name
 * @param {import("./install/installation.mjs").Installation<unknown>} installation
 * @param {Progress} progress
 */
async function install(name, installation, progress) {
  if (installation.present) return await installation.install();
  guardCommands();
  progress.state(name, installation.verb);
  const value = await installation.install();
  progress.state(name, installation.verb === "building" ? "built" : "installed");
  return value;
}

/**
 * @param {import("./command-line.mjs").StackOptions} options
 * @param {Progress} progress
 */
function startStack(options, progress) {
  const node = join(ROOT, "node_modules", ".bin", "node");
  // Detached: the terminal's signals come here, and are passed on once.
  const child = spawn(node, [join(ROOT, "scripts", "local", "start.ts")], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    detached: true,
    env: { ...process.env, NODE_COMPILE_CACHE: join(options.dataFolder, ".compile-cache") },
  });
  child.on("message", (message) => {
    const { type, ...rest } =
      /** @type {{ type: string, part: string, state: string, detail?: string, text: string }} */ (message);
    if (type === "state") progress.state(rest.part, rest.state, rest.detail);
    else if (type === "print") progress.print(rest.text);
    else if (type === "ready") progress.close();
  });
  /** @type {Promise<number>} */
  const ended = new Promise((resolve) => {
    child.once("error", () => resolve(EXIT.failed));
    child.once("exit", (code) => resolve(code ?? EXIT.failed));
  });
  const tell = (/** @type {object} */ message) => void (child.connected && child.send(message, () => {}));
  return { ended, tell, stop: () => tell({ type: "stop" }), kill: () => tell({ type: "kill" }) };
}

/** @param {{ first: () => void, second: () => void }} wishes */
function onWishToStop({ first, second }) {
  let firstAt = 0;
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(signal, () => {
      if (firstAt === 0) {
        firstAt = Date.now();
        first();
      } else if (Date.now() - firstAt > ONE_WISH_MS) second();
    });
  }
}
