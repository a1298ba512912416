import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startChild, type Child, type Exit } from "./child.ts";
import { lastLines } from "./install/execute.mjs";
import { LAYERS, type Part, type Program } from "./part.ts";
import type { Reaper } from "./reaper.mjs";

export type PartState =
  | "waiting"
  | "preparing"
  | "starting"
  | "ready"
  | "restarting"
  | "ended"
  | "stopping"
  | "stopped"
  | "failed";

export interface SupervisorOptions {
  logFolder: string;
  reaper: Reaper;
  /** Told of every change, with what a person should know about it. */
  onState(part: string, state: PartState, detail?: string): void;
  /** Told once, when a part can't be kept running: the stack has to end. */
  onFailure(error: Error): void;
}

/** How long a part may say the same reason why it is not ready; one that gets on, such as a refill, may take longer. */
const READY_MS_MAX = 120_000;
const READY_MS_TOTAL = 900_000;
const READY_POLL_MS = 200;
const TASK_ATTEMPTS_MAX = 5;
const TASK_PAUSE_MS = 1_000;
const ALIVE_POLL_MS = 10_000;
const ALIVE_FAILURES_MAX = 6;
const RESTARTS_MAX = 10;
const RESTARTS_WINDOW_MS = 180_000;
const BACKOFF_MS_MIN = 250;
const BACKOFF_MS_MAX = 10_000;

/** All that has not ended by then is killed. */
const STOP_MS_TOTAL = 9_000;
/** How long the layer below waits for the one above. */
const STOP_MS_LAYER = 1_500;

/** What is known about one part. */
interface Entry {
  part: Part;
  state: PartState;
  child: Child | null;
  restarts: number[];
  ready: PromiseWithResolvers<void>;
}

/**
 * Starts parts as soon as what they need is ready, starts those again that end, within bounds, and ends all of them in
 * reverse order. A part that does not come up at the first start is a failure of the whole.
 */
export class Supervisor {
  readonly #entries = new Map<string, Entry>();
  readonly #options: SupervisorOptions;
  #stopping: Promise<void> | undefined;
  #killed = false;
  #failed = false;

  constructor(parts: readonly Part[], options: SupervisorOptions) {
    this.#options = options;
    for (const part of parts) this.#add(part);
  }

  /** Resolves when every part is ready; rejects with the first failure. */
  async start(): Promise<void> {
    await Promise.all([...this.#entries.values()].map((entry) => this.#bringUp(entry)));
  }

  pid(part: string): number | null {
    const child = this.#entries.get(part)?.child;
    return child && !child.exited ? child.pid : null;
  }

  state(part: string): PartState | undefined {
    return this.#entries.get(part)?.state;
  }

  /** Ends a running part, which then comes back as if it had ended by itself, without counting against its bound. */
  restart(part: string): void {
    const entry = this.#entries.get(part);
    if (entry?.child && entry.state === "ready") {
      entry.restarts = [];
      entry.child.kill(entry.part.stopSignal ?? "SIGTERM");
    }
  }

  /** Ends all parts, layer by layer from the top, within 10 s; what does not end by itself is killed. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  /** Ends all parts at once. */
  kill(): void {
    this.#killed = true;
    for (const { child } of this.#entries.values()) child?.kill("SIGKILL");
  }

  #add(part: Part): void {
    const ready = Promise.withResolvers<void>();
    ready.promise.catch(() => {});
    this.#entries.set(part.name, { part, state: "waiting", child: null, restarts: [], ready });
  }

  async #bringUp(entry: Entry): Promise<void> {
    const { part } = entry;
    this.#set(entry, "preparing");
    try {
      await Promise.all(part.after.flatMap((name) => this.#entries.get(name)?.ready.promise ?? []));
    } catch (error) {
      // What it needs has failed and is reported there.
      return entry.ready.reject(error);
    }
    try {
      const program = await part.program();
      if (this.#stopping) return;
      if (program === null) {
        this.#set(entry, "starting", "given by URL");
        await this.#untilReady(entry, null);
        this.#set(entry, "ready", "given by URL");
      } else {
        this.#set(entry, "starting");
        await this.#startFirst(entry, program);
        if (this.#stopping || entry.child === null) return;
        if (!entry.child.exited) this.#set(entry, "ready");
        this.#watch(entry, entry.child);
      }
      entry.ready.resolve();
    } catch (error) {
      entry.ready.reject(error);
      if (this.#stopping) return;
      this.#set(entry, "failed");
      throw error;
    }
  }

  /** A task, which ends by itself, may be tried again: what it works on has only just come up. */
  async #startFirst(entry: Entry, program: Program): Promise<void> {
    const { part } = entry;
    for (let attempt = 1; ; attempt += 1) {
      entry.child = await this.#startChild(part, program);
      try {
        return await this.#untilReady(entry, entry.child);
      } catch (error) {
        if (part.restart !== "NEVER" || attempt === TASK_ATTEMPTS_MAX || this.#stopping) throw error;
        await delay(TASK_PAUSE_MS);
      }
    }
  }

  async #startChild(part: Part, program: Program): Promise<Child> {
    const child = await startChild(program, { logFile: this.#logFile(part), reaper: this.#options.reaper });
    // The end of all began meanwhile, and did not know of it.
    if (this.#stopping) child.kill("SIGKILL");
    return child;
  }

  /** Asks until the part serves. Throws with its last log lines when it ends before that, or takes too long. */
  async #untilReady(entry: Entry, child: Child | null): Promise<void> {
    const { part } = entry;
    let exit: Exit | undefined;
    void child?.exit.then((end) => (exit = end));
    const startedAt = performance.now();
    let changedAt = startedAt;
    let reason = "";
    while (!this.#stopping) {
      if (exit?.code === 0 && part.restart !== "ALWAYS") return;
      if (exit !== undefined)
        throw new Error(
          `${part.name} ended with ${describeExit(exit)} before it was ready. Its last lines:\n${lastLines(this.#logFile(part))}`,
        );
      if (part.restart !== "NEVER") {
        try {
          await part.ready();
          return;
        } catch (error) {
          const failure = error instanceof Error ? error.message : String(error);
          if (failure !== reason) changedAt = performance.now();
          reason = failure;
        }
      }
      const now = performance.now();
      if (now - changedAt > READY_MS_MAX || now - startedAt > READY_MS_TOTAL) {
        child?.kill("SIGKILL");
        const log = child === null ? "" : ` Its last lines:\n${lastLines(this.#logFile(part))}`;
        throw new Error(
          `${part.name} was not ready after ${Math.round((now - startedAt) / 1_000)} s: ${reason}.${log}`,
        );
      }
      await Promise.race([delay(READY_POLL_MS), child?.exit]);
    }
  }

  /** Starts the part again when it ends, and ends it when it no longer answers. */
  #watch(entry: Entry, child: Child): void {
    const { part } = entry;
    void child.exit.then((exit) => this.#comeBack(entry, exit));
    if (part.alive === undefined) return;
    let failures = 0;
    const timer = setInterval(() => {
      part.alive!().then(
        () => (failures = 0),
        () => {
          failures += 1;
          if (failures >= ALIVE_FAILURES_MAX && !this.#stopping) child.kill("SIGKILL");
        },
      );
    }, ALIVE_POLL_MS);
    void child.exit.then(() => clearInterval(timer));
  }

  async #comeBack(entry: Entry, exit: Exit): Promise<void> {
    const { part } = entry;
    for (let end: Exit = exit; !this.#stopping;) {
      if (end.code === 0 && part.restart !== "ALWAYS") return this.#set(entry, "ended");
      const now = performance.now();
      entry.restarts = [...entry.restarts.filter((at) => now - at < RESTARTS_WINDOW_MS), now];
      if (entry.restarts.length > RESTARTS_MAX) {
        return this.#fail(
          entry,
          new Error(
            `${part.name} ended ${RESTARTS_MAX} times within ${RESTARTS_WINDOW_MS / 60_000} minutes, the last time with ${describeExit(end)}. Its last lines:\n${lastLines(this.#logFile(part))}`,
          ),
        );
      }
      this.#set(entry, "restarting", `it ended with ${describeExit(end)}`);
      await delay(Math.min(BACKOFF_MS_MIN * 2 ** (entry.restarts.length - 1), BACKOFF_MS_MAX));
      if (this.#stopping) return;
      try {
        const program = await part.program();
        if (program === null || this.#stopping) return;
        const child = await this.#startChild(part, program);
        entry.child = child;
        await this.#untilReady(entry, child);
        if (this.#stopping) return;
        this.#set(entry, "ready", "again");
        return this.#watch(entry, child);
      } catch {
        // It ended again, or did not come up in time: its log says why.
        end = entry.child ? await entry.child.exit : { code: null, signal: null };
      }
    }
  }

  #fail(entry: Entry, error: Error): void {
    this.#set(entry, "failed");
    if (this.#failed || this.#stopping) return;
    this.#failed = true;
    this.#options.onFailure(error);
  }

  async #stopAll(): Promise<void> {
    const deadline = performance.now() + STOP_MS_TOTAL;
    const leaving: { entry: Entry; child: Child }[] = [];
    for (const layer of LAYERS.toReversed()) {
      const entries = [...this.#entries.values()].filter(({ part }) => part.layer === layer);
      const children = entries.flatMap((entry) =>
        entry.child !== null && !entry.child.exited ? [{ entry, child: entry.child }] : [],
      );
      leaving.push(...children);
      for (const { entry, child } of children) {
        this.#set(entry, "stopping");
        void child.exit.then(() => this.#set(entry, "stopped"));
        child.kill(this.#killed ? "SIGKILL" : (entry.part.stopSignal ?? "SIGTERM"));
      }
      await allExited(children, STOP_MS_LAYER);
    }
    await allExited(leaving, deadline - performance.now());
    for (const { entry, child } of leaving) {
      if (child.exited) continue;
      this.#set(entry, "stopping", "killed, because it took too long");
      child.kill("SIGKILL");
    }
    await Promise.all(leaving.map(({ child }) => child.exit));
  }

  #logFile(part: Part): string {
    return join(this.#options.logFolder, `${part.name}.log`);
  }

  #set(entry: Entry, state: PartState, detail?: string): void {
    entry.state = state;
    this.#options.onState(entry.part.name, state, detail);
  }
}

async function allExited(children: readonly { child: Child }[], withinMs: number): Promise<void> {
  await Promise.race([Promise.all(children.map(({ child }) => child.exit)), delay(Math.max(0, withinMs))]);
}

function describeExit({ code, signal }: Exit): string {
  return signal ?? (code === null ? "an error" : `exit code ${code}`);
}
