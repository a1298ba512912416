import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Program } from "./part.ts";
import type { Reaper } from "./reaper.mjs";

const LOG_BYTES_KEPT = 20_000_000;

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A running process of the stack, leader of a process group of its own. */
export interface Child {
  readonly pid: number;
  readonly exit: Promise<Exit>;
  readonly exited: boolean;
  /** Sends a signal to the process alone; SIGKILL goes to all that it has started too. */
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts a program with its output in a log file. It gets a process group of its own, because a Ctrl-C in the terminal is
 * for the supervisor, which ends the parts in order.
 */
export async function startChild(
  program: Program,
  { logFile, reaper }: { logFile: string; reaper: Reaper },
): Promise<Child> {
  mkdirSync(dirname(logFile), { recursive: true });
  if (existsSync(logFile) && statSync(logFile).size > LOG_BYTES_KEPT) renameSync(logFile, `${logFile}.1`);
  const log = openSync(logFile, "a");
  const child = spawn(program.command, program.args, {
    cwd: program.cwd,
    env: { ...process.env, ...program.env },
    stdio: ["ignore", log, log],
    detached: true,
    ...program.user,
  });
  closeSync(log);
  let exited = false;
  const exit = new Promise<Exit>((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) =>
      reject(new Error(`${program.command} could not be started: ${error.message}`, { cause: error })),
    );
  });
  const pid = child.pid!;
  reaper.watch(pid);
  void exit.then(() => {
    exited = true;
    signalTo(-pid, "SIGKILL");
    reaper.forget(pid);
  });
  return {
    pid,
    exit,
    get exited() {
      return exited;
    },
    kill: (signal) => {
      if (!exited) signalTo(signal === "SIGKILL" ? -pid : pid, signal);
    },
  };
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
