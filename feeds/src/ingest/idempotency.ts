/** What came of a request: an answer, or work that goes on. */
type Outcome<Answer> = { kind: "DONE"; answer: Answer } | { kind: "WORKING" };

export type Claim<Answer> =
  | { kind: "NEW" }
  | { kind: "REPEATED"; answer: Answer }
  /** The first is still being worked on, or it had another body. */
  | { kind: "CONFLICT"; reason: string };

export interface IdempotencyOptions<Answer> {
  entriesMax: number;
  /** How large an answer is, and how large all of them may be together: the unit is the caller's. */
  sizeOf(answer: Answer): number;
  sizeMax: number;
  ageMsMax: number;
  now?: () => number;
}

/** Answers of requests by their idempotency key: the last ones within the limits of number, size and age. */
export class Idempotency<Answer> {
  readonly #options: IdempotencyOptions<Answer>;
  readonly #now: () => number;
  readonly #entries = new Map<string, { bodyHash: string; atMs: number; size: number; outcome: Outcome<Answer> }>();
  #size = 0;

  constructor(options: IdempotencyOptions<Answer>) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** After NEW, `settle` or `release` must follow. */
  claim(key: string, bodyHash: string): Claim<Answer> {
    const entry = this.#entries.get(key);
    if (entry && this.#now() - entry.atMs < this.#options.ageMsMax) {
      if (entry.bodyHash !== bodyHash)
        return { kind: "CONFLICT", reason: "the idempotency key was used for another body" };
      if (entry.outcome.kind === "WORKING")
        return { kind: "CONFLICT", reason: "a request with this idempotency key is being worked on" };
      return { kind: "REPEATED", answer: entry.outcome.answer };
    }
    this.release(key);
    this.#entries.set(key, { bodyHash, atMs: this.#now(), size: 0, outcome: { kind: "WORKING" } });
    this.#trim();
    return { kind: "NEW" };
  }

  /** Takes note of what another process, or an earlier run, answered. What is known here stands. */
  restore(key: string, bodyHash: string, atMs: number, answer: Answer): void {
    if (this.#entries.has(key) || this.#now() - atMs >= this.#options.ageMsMax) return;
    this.#entries.set(key, { bodyHash, atMs, size: 0, outcome: { kind: "WORKING" } });
    this.settle(key, answer);
  }

  settle(key: string, answer: Answer): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    const size = this.#options.sizeOf(answer);
    this.#size += size - entry.size;
    Object.assign(entry, { size, outcome: { kind: "DONE", answer } });
    this.#trim();
  }

  /** Nothing came of it: it may be tried again. */
  release(key: string): void {
    this.#size -= this.#entries.get(key)?.size ?? 0;
    this.#entries.delete(key);
  }

  #trim(): void {
    const { entriesMax, sizeMax } = this.#options;
    for (const [oldest] of this.#entries) {
      if (this.#entries.size <= entriesMax && this.#size <= sizeMax) break;
      this.release(oldest);
    }
  }
}
