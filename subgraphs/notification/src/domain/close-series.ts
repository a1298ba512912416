/** Enough closes for Wilder's average to have forgotten where it began. */
const CLOSES_MAX = 250;
const RSI_PERIOD = 14;

/** The last closes of final bars of one instrument and interval. */
export class CloseSeries {
  #closes: number[];
  #openedAt: string;

  constructor(closes: readonly number[] = [], openedAt = "") {
    this.#closes = [...closes];
    this.#openedAt = openedAt;
  }

  get closes(): readonly number[] {
    return this.#closes;
  }

  /** When the newest bar was opened, RFC 3339; empty before the first. */
  get openedAt(): string {
    return this.#openedAt;
  }

  /** Takes the close of a bar; returns false when the bar is not newer than the last (a repeat or a late revision). */
  add(openedAt: string, close: number): boolean {
    if (openedAt <= this.#openedAt) return false;
    this.#openedAt = openedAt;
    this.#closes.push(close);
    if (this.#closes.length > CLOSES_MAX) this.#closes.shift();
    return true;
  }

  /**
   * Wilder's relative strength index of 14 bars (New Concepts in Technical Trading Systems, 1978), 0 to 100; null until 15
   * closes are there; 50 where nothing moved.
   */
  rsi(): number | null {
    if (this.#closes.length <= RSI_PERIOD) return null;
    let gain = 0;
    let loss = 0;
    for (let i = 1; i < this.#closes.length; i++) {
      const change = this.#closes[i]! - this.#closes[i - 1]!;
      // A plain mean of the first 14 changes, then Wilder's smoothing.
      const kept = i <= RSI_PERIOD ? 1 : 1 - 1 / RSI_PERIOD;
      gain = gain * kept + Math.max(change, 0) / RSI_PERIOD;
      loss = loss * kept + Math.max(-change, 0) / RSI_PERIOD;
    }
    return gain + loss === 0 ? 50 : (100 * gain) / (gain + loss);
  }
}
