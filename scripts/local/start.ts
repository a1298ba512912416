import { appendFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { StackOptions } from "./command-line.mjs";
import { bindFeed, bindShards, isDiskFull, openDataSet, openKeys } from "./data-set.ts";
import { diskBytes } from "./disk.ts";
import { Installs } from "./installs.ts";
import { boundLogs } from "./logs.ts";
import { stackParts } from "./parts.ts";
import { checkPortsFree } from "./ports.ts";
import { Reaper, startTime } from "./reaper.mjs";
import { removeRun, writeRun } from "./run-file.mjs";
import { openSampleLogin } from "./sample-login.ts";
import { Supervisor } from "./supervisor.ts";
import { summary } from "./summary.ts";
import { restartOnChange } from "./watch.ts";

/**
 * The stack's own process, started by the launcher, which tells it what is installed and shows what it says. It opens the data
 * set, declares the parts, starts them, and ends with them.
 */
type FromLauncher =
  | { type: "start"; root: string; options: StackOptions; startedAt: number }
  | { type: "installed"; name: string; value: unknown }
  | { type: "stop" }
  | { type: "kill" };

const LOGS_CHECKED_MS = 60_000;

const installs = new Installs();
let stop = (code: number): void => process.exit(code);
let dataFolder: string | undefined;
let kill = (): void => process.exit(1);

process.on("message", (message: FromLauncher) => {
  if (message.type === "installed") installs.arrived(message.name, message.value);
  else if (message.type === "stop") stop(0);
  else if (message.type === "kill") kill();
  else void run(message).catch((error: unknown) => fail(error instanceof Error ? error : new Error(String(error))));
});
// The launcher has gone without a word: nothing may stay behind.
process.on("disconnect", () => stop(1));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(0));
// Keeps the process while it waits for the first message.
const alive = createServer().listen(0, "127.0.0.1");

const say = (message: object): void =>
  void (process.connected && process.send!(message, undefined, undefined, () => {}));
const print = (text: string): void => say({ type: "print", text });

async function run({ root, options, ...start }: Extract<FromLauncher, { type: "start" }>): Promise<void> {
  const startedAt = new Date(start.startedAt);
  const { setFolder } = options;
  await refuseMissingFeed(options);
  openDataSet(setFolder);
  dataFolder = setFolder;
  if (options.feed !== "none") bindFeed(setFolder, options.feed);
  if (!options.onlyServers) bindShards(setFolder, options.shards);
  const { parts, feedEnvironment } = stackParts({
    root,
    options,
    keys: openKeys(setFolder),
    installed: installs.all,
    notice: print,
  });
  await checkPortsFree(parts);

  const logFolder = join(setFolder, "logs");
  const reaper = new Reaper();
  const note = () => {
    const entries = parts.map(({ name, url, adminUrl }) => [
      name,
      {
        pid: supervisor.pid(name),
        state: supervisor.state(name) ?? "waiting",
        ...(url && { url }),
        ...(adminUrl && { adminUrl }),
      },
    ]);
    writeRun(setFolder, {
      pid: process.pid,
      startTime: startTime(process.pid),
      set: options.set,
      setFolder,
      portOffset: options.portOffset,
      feed: options.feed,
      startedAt: startedAt.toISOString(),
      feedEnvironment,
      parts: Object.fromEntries(entries),
    });
  };
  const supervisor = new Supervisor(parts, {
    logFolder,
    reaper,
    onState: (part, state, detail) => {
      say({ type: "state", part, state, detail });
      appendFileSync(
        join(logFolder, "supervisor.log"),
        `${new Date().toISOString()} ${part} ${state}${detail === undefined ? "" : `: ${detail}`}\n`,
      );
      note();
    },
    onFailure: (error) => fail(error),
  });
  let exitCode: number | undefined;
  stop = (code) => {
    if (exitCode !== undefined) return;
    exitCode = code;
    void supervisor.stop().then(() => {
      removeRun(setFolder);
      reaper.close();
      process.exit(exitCode);
    });
  };
  kill = () => supervisor.kill();
  note();

  await supervisor.start();
  const login = options.onlyServers
    ? null
    : await openSampleLogin({ graphqlUrl: parts.find(({ name }) => name === "router")!.url!, setFolder });
  say({ type: "ready" });
  print(summary({ options, parts, login, logFolder, diskBytes: await diskBytes(setFolder), startedAt }));
  setInterval(() => boundLogs(logFolder), LOGS_CHECKED_MS).unref();
  if (options.watch) restartOnChange({ root, parts, supervisor, print });
}

/** A feed that can't be had is refused before anything is started for it. */
async function refuseMissingFeed({ feed, feedArguments }: StackOptions): Promise<void> {
  if (feed === "none" || feed === "simulator") return;
  const [{ chooseFeed }, { readFeedConfig }] = await Promise.all([
    import("../../feeds/src/choose-feed.ts"),
    import("../../feeds/src/config.ts"),
  ]);
  chooseFeed(readFeedConfig(feedArguments));
}

/** Ends everything because of a failure, after saying what it is. */
function fail(error: Error): void {
  const full = dataFolder !== undefined && isDiskFull(dataFolder) ? "The disk is full.\n" : "";
  say({ type: "ready" });
  print(`\n${error.message}\n${full}`);
  process.exitCode = 1;
  stop(1);
}

void alive;
