interface Entry<T> {
  made: Promise<T>;
  uses: number;
  bytes: number;
}

export interface OperationCacheLimits<T> {
  entriesMax: number;
  /** For the keys and what was made for them, in all. What takes more by itself is not kept. Absent: any number. */
  bytesMax?: number;
  bytesOf?(made: T): number;
}

/** A text's, at most. */
export const CHARACTER_BYTES = 2;

/**
 * Keeps what was made for the last keys, as many as its limits allow. What is asked for while it is being made is made once;
 * what could not be made because of a fault (a rejection) is not kept.
 */
export class OperationCache<T> {
  readonly #limits: OperationCacheLimits<T>;
  /** The first is the one used longest ago. */
  readonly #entries = new Map<string, Entry<T>>();
  #bytes = 0;

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
    const entry = { made: make(), uses: 1, bytes: key.length * CHARACTER_BYTES };
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
    entry.made.then(
      (made) => this.#weigh(key, entry, this.#limits.bytesOf?.(made) ?? 0),
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

  #weigh(key: string, entry: Entry<T>, bytes: number): void {
    if (this.#entries.get(key) !== entry) return;
    entry.bytes += bytes;
    this.#bytes += bytes;
    this.#keepLimits();
  }

  #keepLimits(): void {
    const { entriesMax, bytesMax = Infinity } = this.#limits;
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= entriesMax && this.#bytes <= bytesMax) return;
      this.#forget(key, entry);
    }
  }

  #forget(key: string, entry: Entry<T>): void {
    if (this.#entries.get(key) !== entry) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}
