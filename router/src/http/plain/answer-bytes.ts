/** Heads are smaller, but for those of plugins that write many headers. */
const HEAD_BYTES_MAX = 2_048;
/** Larger answers are left to the system's own memory. */
const BODY_BYTES_MAX = 1_048_576;
/** Of one character in UTF-8. */
const CHARACTER_BYTES_MAX = 4;

/**
 * Writes answers into memory that is used again: an answer is text put together from thousands of pieces, and so it is
 * written once, without having been one piece before.
 */
export class AnswerBytes {
  #memory: Buffer | null = null;

  /**
   * Body and the head before it, in one piece that holds until the next call. `headFor` is told the body's bytes. Null when
   * there is too much of either.
   */
  write(body: string, headFor: (bytes: number) => string): Buffer | null {
    if (body.length > BODY_BYTES_MAX) return null;
    const memory = (this.#memory ??= Buffer.allocUnsafeSlow(HEAD_BYTES_MAX + BODY_BYTES_MAX));
    const bytes = memory.write(body, HEAD_BYTES_MAX, "utf8");
    if (bytes > BODY_BYTES_MAX - CHARACTER_BYTES_MAX) return null; // perhaps not all of it
    const head = headFor(bytes);
    if (head.length > HEAD_BYTES_MAX) return null;
    const start = HEAD_BYTES_MAX - head.length;
    memory.write(head, start, "latin1");
    return memory.subarray(start, HEAD_BYTES_MAX + bytes);
  }

  /** What was written last is still to be read, and is not written over. */
  giveAway(): void {
    this.#memory = null;
  }
}
