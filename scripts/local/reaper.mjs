import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/**
 * Nothing outlives its starter, even when that is ended with SIGKILL: a process of its own holds the other end of a pipe and
 * the list of what was started. When the pipe closes it ends all that is left, first gently.
 *
 * A process is known by its id and its start time, so an id that was given to another process meanwhile is left alone.
 */
export class Reaper {
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #child;
  /** @type {Set<number>} */
  #pids = new Set();
  #closed = false;

  constructor() {
    this.#start();
  }

  /** @param {number} pid  the leader of a process group */
  watch(pid) {
    this.#pids.add(pid);
    this.#write(`+${pid} ${startTime(pid)}\n`);
  }

  /** @param {number} pid */
  forget(pid) {
    this.#pids.delete(pid);
    this.#write(`-${pid}\n`);
  }

  /** Lets it go: everything has ended. */
  close() {
    this.#closed = true;
    this.#child?.stdin?.end();
  }

  #start() {
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: { PATH: process.env.PATH },
    });
    this.#child = child;
    child.unref();
    child.stdin.on("error", () => {});
    /** @type {import("node:net").Socket} */ (/** @type {unknown} */ (child.stdin)).unref();
    child.once("exit", () => {
      if (this.#closed) return;
      this.#start();
      for (const pid of this.#pids) this.watch(pid);
    });
  }

  /** @param {string} line */
  #write(line) {
    this.#child?.stdin?.write(line);
  }
}

/**
 * When a process was started, in the kernel's own unit; empty when it runs no more or the machine can't tell.
 * @param {number} pid
 */
export function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name before it may hold spaces and brackets.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

const GENTLE_MS = 6_000;

async function reap() {
  // The terminal's signals are for the starter.
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) process.on(signal, () => {});
  /** @type {Map<number, string>} */
  const alive = new Map();
  for await (const line of createInterface({ input: process.stdin })) {
    const [pid, started = ""] = line.slice(1).split(" ");
    if (line[0] === "+") alive.set(Number(pid), started);
    else alive.delete(Number(pid));
  }
  const end = (/** @type {NodeJS.Signals} */ signal) => {
    for (const [pid, started] of alive) {
      try {
        // A group whose leader has gone is still ours: its id is not given away while it has members.
        const now = startTime(pid);
        if (now !== "" && now !== started) alive.delete(pid);
        else process.kill(-pid, signal);
      } catch {
        alive.delete(pid);
      }
    }
  };
  end("SIGTERM");
  const deadline = Date.now() + GENTLE_MS;
  while (alive.size > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const pid of alive.keys()) {
      try {
        process.kill(-pid, 0);
      } catch {
        alive.delete(pid);
      }
    }
  }
  end("SIGKILL");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await reap();
