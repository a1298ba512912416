import { SlidingCounts } from "./sliding-counts.ts";

const WINDOW_MS = 5_000;

export interface RetryBudgetLimits {
  /** Retries as a part of the recent requests. */
  ratio: number;
  /** Retries that a window may have however few requests there were. */
  retriesMin: number;
}

/**
 * Keeps retries a small part of all requests, so that a subgraph in trouble is not asked many times as much as a healthy one.
 * Has no clock: whoever asks says what time it is.
 */
export class RetryBudget {
  readonly #limits: RetryBudgetLimits;
  readonly #counts = new SlidingCounts(WINDOW_MS);

  constructor(limits: RetryBudgetLimits) {
    this.#limits = limits;
  }

  /** Counts a request, which is none of the retries. */
  requested(nowMs: number): void {
    this.#counts.add(0, nowMs);
  }

  /** Whether one more retry may be made; if so it is counted. */
  take(nowMs: number): boolean {
    this.#counts.moveTo(nowMs);
    if (this.#counts.marked + 1 > this.#limits.retriesMin + this.#counts.total * this.#limits.ratio) return false;
    this.#counts.mark(nowMs);
    return true;
  }
}
