export interface BackoffOptions {
  leastMs: number;
  mostMs: number;
  /** A connection that held so long begins the series anew. */
  stableMs: number;
  random?: () => number;
}

/** Of every venue: up to 30 s, and a minute's connection counts as one that held. */
export function reconnectBackoff(leastMs: number): BackoffOptions {
  return { leastMs, mostMs: 30_000, stableMs: 60_000 };
}

/** How long to wait before the next attempt: doubling from `leastMs` to `mostMs`, each between half and whole by chance. */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** The wait after an attempt that held for so long. */
  nextMs(heldMs: number): number {
    const { leastMs, mostMs, stableMs, random = Math.random } = this.#options;
    if (heldMs >= stableMs) this.#failures = 0;
    const wholeMs = Math.min(mostMs, leastMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return wholeMs * (0.5 + random() / 2);
  }
}
