/** What came of a request: an answer, or work that goes on. */
type Outcome<Answer> = { kind: "DONE"; answer: Answer } | { kind: "WORKING" };

export type Claim<Answer> =
  | { kind: "NEW" }
  | { kind: "REPEATED"; answer: Answer }
  /** The first is still being worked on, or it had another body. */
  | { kind: "CONFLICT"; reason: string };

/** Answers of requests by their idempotency key: the last `entriesMax` of them, each for `ageMsMax`. */
export class Idempotency<Answer> {
  readonly #entriesMax: number;
  readonly #ageMsMax: number;
  readonly #now: () => number;
  readonly #entries = new Map<string, { bodyHash: string; atMs: number; outcome: Outcome<Answer> }>();

  constructor({ entriesMax, ageMsMax, now = Date.now }: { entriesMax: number; ageMsMax: number; now?: () => number }) {
    this.#entriesMax = entriesMax;
    this.#ageMsMax = ageMsMax;
    this.#now = now;
  }

  /** After NEW, `settle` or `release` must follow. */
  claim(key: string, bodyHash: string): Claim<Answer> {
    const entry = this.#entries.get(key);
    if (entry && this.#now() - entry.atMs < this.#ageMsMax) {
      if (entry.bodyHash !== bodyHash)
        return { kind: "CONFLICT", reason: "the idempotency key was used for another body" };
      if (entry.outcome.kind === "WORKING")
        return { kind: "CONFLICT", reason: "a request with this idempotency key is being worked on" };
      return { kind: "REPEATED", answer: entry.outcome.answer };
    }
    this.#entries.delete(key);
    this.#entries.set(key, { bodyHash, atMs: this.#now(), outcome: { kind: "WORKING" } });
    for (const [oldest] of this.#entries) {
      if (this.#entries.size <= this.#entriesMax) break;
      this.#entries.delete(oldest);
    }
    return { kind: "NEW" };
  }

  settle(key: string, answer: Answer): void {
    const entry = this.#entries.get(key);
    if (entry) entry.outcome = { kind: "DONE", answer };
  }

  /** Nothing came of it: it may be tried again. */
  release(key: string): void {
    this.#entries.delete(key);
  }
}
