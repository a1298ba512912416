/** An exponential average of weight 2 / (period + 1). It begins with the first number and counts after `period` of them. */
export class ExponentialAverage {
  readonly #period: number;
  readonly #weight: number;
  #count = 0;
  value = 0;

  constructor(period: number) {
    this.#period = period;
    this.#weight = 2 / (period + 1);
  }

  add(number: number): number | null {
    this.value = this.#count === 0 ? number : this.value + this.#weight * (number - this.value);
    this.#count += 1;
    return this.#count >= this.#period ? this.value : null;
  }
}

/** Wilder's average (New Concepts in Technical Trading Systems, 1978): the mean of the first `period` numbers, then weight 1 / period. */
export class WilderAverage {
  readonly #period: number;
  #count = 0;
  #value = 0;

  constructor(period: number) {
    this.#period = period;
  }

  add(number: number): number | null {
    this.#count += 1;
    if (this.#count <= this.#period) this.#value += number / this.#period;
    else this.#value += (number - this.#value) / this.#period;
    return this.#count >= this.#period ? this.#value : null;
  }
}
