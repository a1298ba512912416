/** Lets work go as long as no more than `max` of its units are under way at once; the rest waits in turn. */
export class InFlight {
  readonly #max: number;
  #units = 0;
  readonly #waiting: { units: number; go: () => void }[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** Work of more than `max` units goes alone. */
  async run<T>(units: number, work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length > 0 || !this.#fits(units))
      await new Promise<void>((go) => this.#waiting.push({ units, go }));
    else this.#units += units;
    try {
      return await work();
    } finally {
      this.#units -= units;
      for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.units); next = this.#waiting[0]) {
        this.#waiting.shift();
        this.#units += next.units;
        next.go();
      }
    }
  }

  #fits(units: number): boolean {
    return this.#units === 0 || this.#units + units <= this.#max;
  }
}
