/**
 * Counts over the recent past at the price of a few additions: this window and the one before it, so that what is counted
 * is between one and two windows old at most.
 */
export class SlidingCounts {
  readonly #windowMs: number;
  #window = Number.NEGATIVE_INFINITY;
  #total = 0;
  #marked = 0;
  #totalBefore = 0;
  #markedBefore = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** As of the last `add` or `moveTo`. */
  get total(): number {
    return this.#total + this.#totalBefore;
  }

  get marked(): number {
    return this.#marked + this.#markedBefore;
  }

  add(marked: number, nowMs: number): void {
    this.moveTo(nowMs);
    this.#total += 1;
    this.#marked += marked;
  }

  /** Marks without counting one more. */
  mark(nowMs: number): void {
    this.moveTo(nowMs);
    this.#marked += 1;
  }

  moveTo(nowMs: number): void {
    const window = Math.floor(nowMs / this.#windowMs);
    if (window === this.#window) return;
    const isNext = window === this.#window + 1;
    this.#totalBefore = isNext ? this.#total : 0;
    this.#markedBefore = isNext ? this.#marked : 0;
    this.#total = 0;
    this.#marked = 0;
    this.#window = window;
  }

  clear(): void {
    this.#window = Number.NEGATIVE_INFINITY;
    this.moveTo(0);
  }
}
