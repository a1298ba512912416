/**
 * Mean and variance of the last `period` numbers. O(1) per number: sums are kept around a number of the window and made anew
 * every `period` numbers, so that neither cancellation nor drift reaches the ninth digit.
 */
export class RollingMoments {
  readonly #ring: Float64Array;
  readonly #period: number;
  #count = 0;
  #centre = 0;
  #sum = 0;
  #squares = 0;

  constructor(period: number) {
    this.#period = period;
    this.#ring = new Float64Array(period);
  }

  get full(): boolean {
    return this.#count >= this.#period;
  }

  add(value: number): void {
    const slot = this.#count % this.#period;
    const leaving = this.full ? this.#ring[slot]! - this.#centre : 0;
    this.#ring[slot] = value;
    this.#count += 1;
    if (slot === this.#period - 1 || this.#count === 1) {
      this.#sumAnew(value);
      return;
    }
    const entering = value - this.#centre;
    this.#sum += entering - leaving;
    this.#squares += entering * entering - leaving * leaving;
  }

  get mean(): number {
    return this.#centre + this.#sum / this.#size;
  }

  /** Divided by the number of values less `lost`: 0 for a population, 1 for a sample. */
  variance(lost: 0 | 1): number {
    const spread = this.#squares - (this.#sum * this.#sum) / this.#size;
    return Math.max(0, spread) / (this.#size - lost);
  }

  get #size(): number {
    return Math.min(this.#count, this.#period);
  }

  #sumAnew(centre: number): void {
    this.#centre = centre;
    this.#sum = 0;
    this.#squares = 0;
    for (let index = 0; index < this.#size; index++) {
      const value = this.#ring[index]! - centre;
      this.#sum += value;
      this.#squares += value * value;
    }
  }
}
