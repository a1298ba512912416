/** The largest of the last `period` numbers; amortised O(1) per number. For the smallest, add negated numbers. */
export class RollingMaximum {
  readonly #period: number;
  /** Candidates, falling: whatever came before a larger number can never be the largest again. */
  #candidates: { at: number; value: number }[] = [];
  #first = 0;
  #count = 0;

  constructor(period: number) {
    this.#period = period;
  }

  get full(): boolean {
    return this.#count >= this.#period;
  }

  add(value: number): number {
    const candidates = this.#candidates;
    while (candidates.length > this.#first && candidates.at(-1)!.value <= value) candidates.pop();
    candidates.push({ at: this.#count, value });
    this.#count += 1;
    if (candidates[this.#first]!.at <= this.#count - 1 - this.#period) this.#first += 1;
    if (this.#first > this.#period) {
      this.#candidates = candidates.slice(this.#first);
      this.#first = 0;
    }
    return this.#candidates[this.#first]!.value;
  }
}
