import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { Reaper } from "../reaper.mjs";

const LINES_SHOWN = 20;

/** The commands that are running: ended when the start is cut off. @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();
/** @type {Reaper | undefined} */
let reaper;

/** From now on no command outlives this process, however it ends. */
export function guardCommands() {
  reaper ??= new Reaper();
}

/**
 * Runs a command to its end with its output in a log file. A failure carries the last lines of it.
 * @param {string} command
 * @param {string[]} args
 * @param {{ logFile: string, cwd?: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<void>}
 */
export async function execute(command, args, { logFile, cwd, env }) {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, "a");
  try {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", log, log],
      detached: true,
    });
    running.add(child);
    if (child.pid !== undefined) reaper?.watch(child.pid);
    const [code, signal] = await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (...end) => resolve(end));
    }).finally(() => {
      running.delete(child);
      if (child.pid !== undefined) reaper?.forget(child.pid);
    });
    if (code !== 0)
      throw new Error(
        `\`${[command, ...args].join(" ")}\` ended with ${signal ?? `exit code ${code}`}\n${lastLines(logFile)}`,
      );
  } finally {
    closeSync(log);
  }
}

/** Ends every command that is still running, with what it started. */
export function endCommands() {
  for (const child of running) {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
    } catch {
      // It has just ended by itself.
    }
  }
}

/**
 * @param {string} file
 * @param {number} [count]
 */
export function lastLines(file, count = LINES_SHOWN) {
  try {
    const lines = readFileSync(file, "utf8").trimEnd().split("\n").slice(-count);
    return lines.map((line) => `    ${line.slice(0, 400)}`).join("\n") + `\n  all of it: ${file}`;
  } catch {
    return `  (nothing was logged to ${file})`;
  }
}
