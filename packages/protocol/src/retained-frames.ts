interface Retained {
  firstSequence: number;
  lastSequence: number;
  bytes: Uint8Array;
}

/** Sealed frames in the order of their records, kept until they are durable. */
export class RetainedFrames {
  #frames: Retained[] = [];
  #head = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get firstSequence(): number | null {
    return this.#frames[this.#head]?.firstSequence ?? null;
  }

  add(frame: Retained): void {
    this.#frames.push(frame);
    this.#bytes += frame.bytes.length;
  }

  /** Forgets the frames whose records are all at or below the sequence. */
  release(sequence: number): void {
    for (
      let frame = this.#frames[this.#head];
      frame && frame.lastSequence <= sequence;
      frame = this.#frames[this.#head]
    ) {
      this.#bytes -= frame.bytes.length;
      this.#head++;
    }
    if (this.#head > 1_024 && this.#head * 2 > this.#frames.length) {
      this.#frames = this.#frames.slice(this.#head);
      this.#head = 0;
    }
  }

  *all(): Generator<Uint8Array> {
    for (let at = this.#head; at < this.#frames.length; at++) yield this.#frames[at]!.bytes;
  }
}
