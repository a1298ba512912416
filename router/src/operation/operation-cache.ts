interface Entry<T> {
  made: Promise<T>;
  uses: number;
  characters: number;
}

export interface OperationCacheLimits<T> {
  entriesMax: number;
  /** Of the keys and of what was made for them, in all. What has more by itself is not kept. Absent: any number. */
  charactersMax?: number;
  charactersOf?(made: T): number;
}

/**
 * Keeps what was made for the last keys, as many as its limits allow. What is asked for while it is being made is made once;
 * what could not be made because of a fault (a rejection) is not kept.
 */
export class OperationCache<T> {
  readonly #limits: OperationCacheLimits<T>;
  /** The first is the one used longest ago. */
  readonly #entries = new Map<string, Entry<T>>();
  #characters = 0;

  constructor(limits: OperationCacheLimits<T>) {
    this.#limits = limits;
  }

  get(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.#entries.get(key);
    if (known) {
      known.uses += 1;
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.made;
    }
    const entry = { made: make(), uses: 1, characters: key.length };
    this.#entries.set(key, entry);
    this.#characters += entry.characters;
    entry.made.then(
      (made) => this.#weigh(key, entry, this.#limits.charactersOf?.(made) ?? 0),
      () => this.#forget(key, entry),
    );
    this.#keepLimits();
    return entry.made;
  }

  /** What was asked for most often and what was made for it, the most used first. */
  mostUsed(count: number): (readonly [key: string, made: Promise<T>])[] {
    return [...this.#entries]
      .toSorted(([, left], [, right]) => right.uses - left.uses)
      .slice(0, count)
      .map(([key, { made }]) => [key, made]);
  }

  #weigh(key: string, entry: Entry<T>, characters: number): void {
    if (this.#entries.get(key) !== entry) return;
    entry.characters += characters;
    this.#characters += characters;
    this.#keepLimits();
  }

  #keepLimits(): void {
    const { entriesMax, charactersMax = Infinity } = this.#limits;
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= entriesMax && this.#characters <= charactersMax) return;
      this.#forget(key, entry);
    }
  }

  #forget(key: string, entry: Entry<T>): void {
    if (this.#entries.get(key) !== entry) return;
    this.#entries.delete(key);
    this.#characters -= entry.characters;
  }
}
