import type { FormattedExecutionResult } from "graphql-ws";
import type { Delivery } from "./followed-stream.ts";
import type { SubscriptionError } from "./subscription-error.ts";

/** Results of one subscription, in order. Leaving the loop ends the subscription. */
export interface Results<Data> extends AsyncGenerator<FormattedExecutionResult<Data>, void, void> {
  /** The cursor of the result that was taken last: where to go on after it. */
  readonly cursor: string | null;
}

export interface ResultQueueOptions {
  /** Results that may wait to be taken. */
  waitingMax: number;
  cursor: string | null;
  /** Tells what lies before a result, when it is that one's turn. */
  tell(delivery: Delivery): void;
  /** Called when `waitingMax` results wait, and when all of them were taken. */
  pause(): void;
  resume(): void;
  stop(): void;
}

/** Holds what a consumer has not taken yet, and has the stream wait when that is too much. */
export class ResultQueue {
  readonly #options: ResultQueueOptions;
  #waiting: Delivery[] = [];
  #isPaused = false;
  #ending: { error: SubscriptionError | null } | null = null;
  #cursor: string | null;
  #wake: () => void = () => {};

  constructor(options: ResultQueueOptions) {
    this.#options = options;
    this.#cursor = options.cursor;
  }

  push(delivery: Delivery): void {
    this.#waiting.push(delivery);
    this.#wake();
    if (this.#isPaused || this.#waiting.length < this.#options.waitingMax) return;
    this.#isPaused = true;
    this.#options.pause();
  }

  end(error: SubscriptionError | null): void {
    this.#ending ??= { error };
    this.#wake();
  }

  results<Data>(): Results<Data> {
    const results = this.#take() as AsyncGenerator<FormattedExecutionResult<Data>, void, void>;
    const finish = results.return.bind(results);
    // The generator itself may be waiting for an event that never comes.
    results.return = () => {
      this.#waiting = [];
      this.#options.stop();
      this.end(null);
      return finish();
    };
    return Object.defineProperty(results, "cursor", { get: () => this.#cursor }) as Results<Data>;
  }

  async *#take(): AsyncGenerator<FormattedExecutionResult, void, void> {
    try {
      for (;;) {
        const delivery = this.#waiting.shift();
        if (delivery !== undefined) {
          this.#cursor = delivery.cursor;
          this.#options.tell(delivery);
          if (delivery.result !== null) yield delivery.result;
        } else if (this.#ending !== null) {
          if (this.#ending.error !== null) throw this.#ending.error;
          return;
        } else await this.#more();
      }
    } finally {
      this.#options.stop();
    }
  }

  #more(): Promise<void> {
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#options.resume();
    }
    return woken;
  }
}
