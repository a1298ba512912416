interface Entry<T> {
  made: Promise<T>;
  uses: number;
}

/**
 * Keeps what was made for the last `entriesMax` keys. What is asked for while it is being made is made once; what could not
 * be made because of a fault (a rejection) is not kept.
 */
export class OperationCache<T> {
  readonly #entriesMax: number;
  readonly #entries = new Map<string, Entry<T>>();

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  get(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.#entries.get(key);
    if (known) {
      known.uses += 1;
      this.#entries.delete(key); // to the end: the first in the map is the one used longest ago
      this.#entries.set(key, known);
      return known.made;
    }
    const entry = { made: make(), uses: 1 };
    this.#entries.set(key, entry);
    entry.made.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    });
    if (this.#entries.size > this.#entriesMax) this.#entries.delete(this.#entries.keys().next().value!);
    return entry.made;
  }

  /** What was asked for most often and what was made for it, the most used first. */
  mostUsed(count: number): (readonly [key: string, made: Promise<T>])[] {
    return [...this.#entries]
      .toSorted(([, left], [, right]) => right.uses - left.uses)
      .slice(0, count)
      .map(([key, { made }]) => [key, made]);
  }
}
