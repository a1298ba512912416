import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A child process whose use of processor and memory can be read while it runs (Linux). */
export class MeasuredProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  #output = "";

  /** Starts a command of the shell's words, on one processor core where `taskset` is there. */
  constructor(name: string, command: readonly string[], env: Record<string, string>, core: number) {
    this.name = name;
    const pinned = existsSync("/usr/bin/taskset") ? ["/usr/bin/taskset", "-c", String(core), ...command] : command;
    this.#child = spawn(pinned[0]!, pinned.slice(1), {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const keep = (chunk: Buffer) => (this.#output = (this.#output + chunk.toString()).slice(-4_000));
    this.#child.stdout?.on("data", keep);
    this.#child.stderr?.on("data", keep);
  }

  /** Resolves when `isReady` does so without a fault. */
  async ready(isReady: () => Promise<unknown>, deadlineMs = 180_000): Promise<void> {
    const end = Date.now() + deadlineMs;
    for (;;) {
      if (this.#child.exitCode !== null || Date.now() > end)
        throw new Error(`${this.name} did not start:\n${this.#output}`);
      try {
        await isReady();
        return;
      } catch {
        await sleep(50);
      }
    }
  }

  /** Processor time in user and system mode since the start, in milliseconds. */
  cpuMs(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // the name in brackets may have spaces
    return (Number(fields[11]) + Number(fields[12])) * 10; // utime and stime in ticks of 1/100 s
  }

  rssMegabytes(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
  }

  /** The same after garbage was collected, by a process that does so when it gets SIGUSR2. */
  async rssAfterGcMegabytes(): Promise<number> {
    this.#child.kill("SIGUSR2");
    await sleep(2_000);
    return this.rssMegabytes();
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await gone;
  }
}
