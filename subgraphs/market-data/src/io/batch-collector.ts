import type { RecordBatch } from "@mib/events/consumer";

export interface BatchCollectorOptions {
  /** How long the first batch waits for others. */
  lingerMs: number;
  /** So many records go at once. */
  recordsMax: number;
  /** Handles batches of different partitions together: all of them, or none when it throws. */
  handle(batches: readonly RecordBatch[]): Promise<void>;
}

interface Waiting {
  batch: RecordBatch;
  done: PromiseWithResolvers<void>;
}

/** Puts batches of several partitions together, so that a quiet stream costs a transaction now and then and not one per record. */
export class BatchCollector {
  readonly #options: BatchCollectorOptions;
  #waiting: Waiting[] = [];
  #records = 0;
  #timer: NodeJS.Timeout | null = null;
  #handling: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: BatchCollectorOptions) {
    this.#options = options;
  }

  /** Resolves when the batch was handled, and fails as that does. */
  take(batch: RecordBatch): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ batch, done });
    this.#records += batch.records.length;
    if (this.#stopped || this.#records >= this.#options.recordsMax) this.#go();
    else this.#timer ??= setTimeout(() => this.#go(), this.#options.lingerMs);
    return done.promise;
  }

  /** Nothing waits any more, now and later. */
  stop(): void {
    this.#stopped = true;
    this.#go();
  }

  #go(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#handling = this.#handling.then(() => this.#handleWaiting());
  }

  async #handleWaiting(): Promise<void> {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#records = 0;
    if (taken.length === 0) return;
    try {
      await this.#options.handle(taken.map(({ batch }) => batch));
      for (const { done } of taken) done.resolve();
    } catch (error) {
      for (const { done } of taken) done.reject(error);
    }
  }
}
