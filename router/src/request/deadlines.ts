import { setMaxListeners } from "node:events";

const TICK_MS = 1_000;

/**
 * Signals that abort after a time limit, one for all the requests that begin in the same second: a timer per request costs
 * more than a second of precision is worth.
 */
export class Deadlines {
  readonly #limitMs: number;
  #current: AbortSignal | null = null;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Aborts not before the limit and at most a second after it. */
  signal(): AbortSignal {
    return (this.#current ??= this.#begin());
  }

  #begin(): AbortSignal {
    const controller = new AbortController();
    setMaxListeners(0, controller.signal);
    setTimeout(() => (this.#current = null), TICK_MS).unref();
    setTimeout(() => controller.abort(), this.#limitMs + TICK_MS).unref();
    return controller.signal;
  }
}
