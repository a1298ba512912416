import { join } from "node:path";
import { eventually } from "@mib/testkit/eventually";
import { type Child, startChild } from "../../../scripts/local/child.ts";
import { lastLines } from "../../../scripts/local/install/execute.mjs";
import type { Program } from "../../../scripts/local/part.ts";
import type { Reaper } from "../../../scripts/local/reaper.mjs";

export interface StackProcessOptions {
  name: string;
  /** What to run, asked at each start. */
  program(): Program | Promise<Program>;
  /** Throws while it can't serve. */
  ready(): Promise<void>;
  folder: string;
  reaper: Reaper;
}

const START_DEADLINE_MS = 300_000;

/** A part of the stack as a process of its own: one that may be killed, held and started again at the same address. */
export class StackProcess {
  readonly name: string;
  readonly #options: StackProcessOptions;
  #child: Child | null = null;
  #starting: Promise<void> | null = null;

  constructor(options: StackProcessOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Starts it and waits until it serves. */
  start(): Promise<void> {
    return (this.#starting ??= this.#start().finally(() => (this.#starting = null)));
  }

  async #start(): Promise<void> {
    const { program, reaper } = this.#options;
    this.#child = await startChild(await program(), { logFile: this.#logFile, reaper });
    await this.#ready(this.#child);
  }

  /** Waits until it serves; fails at once when it has ended. */
  async #ready(child: Child): Promise<void> {
    await eventually(
      async () => {
        if (child.exited) throw new Ended(`${this.name} has ended. Its last lines:\n${lastLines(this.#logFile)}`);
        await this.#options.ready();
      },
      { deadlineMs: START_DEADLINE_MS, giveUpOn: Ended },
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it, by SIGKILL unless told otherwise, and waits until it is gone. */
  async end(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    child.kill(signal);
    await child.exit;
  }

  get #logFile(): string {
    return join(this.#options.folder, `${this.name}.log`);
  }
}

class Ended extends Error {}
