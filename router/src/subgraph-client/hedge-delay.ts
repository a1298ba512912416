export interface HedgeDelaySettings {
  /** The delay; with a percentile, the delay until enough latencies are known. */
  delayMs: number;
  /** Between 0 and 100, of the recent latencies. Absent or null: the delay does not change. */
  percentile?: number | null;
}

const LATENCIES_MAX = 512;
/** Fewer say nothing of a high percentile. */
const LATENCIES_MIN = 64;
/** Latencies after which the percentile is found anew: sorting is not for every request. */
const STEP = 16;
/** Timers know no less. */
const DELAY_MS_MIN = 1;

/**
 * How long a request may go unanswered before it is made a second time: a fixed time, or a percentile of the newest 512
 * latencies by the nearest-rank method.
 */
export class HedgeDelay {
  readonly #percentile: number | null;
  readonly #latencies: Float64Array;
  #observed = 0;
  #ms: number;

  constructor({ delayMs, percentile = null }: HedgeDelaySettings) {
    this.#percentile = percentile;
    this.#latencies = new Float64Array(percentile === null ? 0 : LATENCIES_MAX);
    this.#ms = delayMs;
  }

  get ms(): number {
    return this.#ms;
  }

  /** How long a request took; of one that was given up for its hedge, how long it had taken by then. */
  observe(latencyMs: number): void {
    if (this.#percentile === null) return;
    this.#latencies[this.#observed % LATENCIES_MAX] = latencyMs;
    this.#observed += 1;
    if (this.#observed < LATENCIES_MIN || this.#observed % STEP !== 0) return;
    const sorted = this.#latencies.slice(0, Math.min(this.#observed, LATENCIES_MAX)).sort();
    const rank = Math.ceil((this.#percentile / 100) * sorted.length);
    this.#ms = Math.max(DELAY_MS_MIN, sorted[Math.max(rank, 1) - 1]!);
  }
}
