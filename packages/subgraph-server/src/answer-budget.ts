import { CodedError } from "@mib/service/coded-error";

/**
 * Bounds what all lists of one request hold together. Each list has a limit of its own, but a request may ask for it under
 * many names and of many objects: a thousand instruments with ten thousand bars each would be more than a process can hold.
 */
export class AnswerBudget {
  readonly #rowsMax: number;
  readonly #readsMax: number;
  #rows = 0;
  #reading = 0;
  readonly #waiting: (() => void)[] = [];

  /** `readsMax`: how many lists are read at the same time, and so how far beyond `rowsMax` it can get. */
  constructor({ rowsMax, readsMax = 4 }: { rowsMax: number; readsMax?: number }) {
    this.#rowsMax = rowsMax;
    this.#readsMax = readsMax;
  }

  /** Counts rows; RANGE_TOO_LARGE once there are too many. */
  take(rows: number): void {
    this.#rows += rows;
    if (this.#rows > this.#rowsMax)
      throw new CodedError(
        "RANGE_TOO_LARGE",
        `The lists of one request hold at most ${this.#rowsMax} rows together: ask for less at once.`,
        { rowsMax: this.#rowsMax },
      );
  }

  /** Reads a list, a few at a time, and counts its rows. Nothing is read any more once there were too many. */
  async read<Value>(read: () => Promise<Value>, rowsOf: (value: Value) => number): Promise<Value> {
    if (this.#reading >= this.#readsMax) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#reading += 1;
    try {
      this.take(0);
      const value = await read();
      this.take(rowsOf(value));
      return value;
    } finally {
      // Handed over, so that nobody who comes later can take the place in between.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#reading -= 1;
    }
  }
}
