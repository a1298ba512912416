/** Lets so many of a kind of work run at a time; who waits longest is next. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #left: number;

  constructor(atOnceMax: number) {
    this.#left = atOnceMax;
  }

  async take<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#left > 0) this.#left -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // Handed over, so that nobody who comes later can take it in between.
      if (next) next();
      else this.#left += 1;
    }
  }
}
