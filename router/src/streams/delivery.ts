import type { NotRecovered } from "./resume/cursor-scope.ts";
import type { EventCursor } from "./resume/event-cursor.ts";
import { mergeGaps, type Gap } from "./stream-source.ts";

/** What one subscriber alone is told with a delivery: what became of its wish to go on with a stream, or what it missed then. */
export interface StreamNote {
  recovered?: boolean;
  /** Events that the channel has had in between. */
  replayed?: number;
  reason?: NotRecovered;
  gap?: Gap;
}

export interface DeliveryFacts {
  channelKey: string;
  gap: Gap | null;
  conflated: number;
  /** Null where there are none. */
  cursor: EventCursor | null;
}

/**
 * The response to one event of one group: made once, and its bytes too, however many subscribers get it.
 */
export class Delivery {
  readonly channelKey: string;
  readonly gap: Gap | null;
  /** Events of the channel that were skipped for this one. */
  readonly conflated: number;
  readonly #body: string;
  readonly #facts: DeliveryFacts;
  #bytes: Buffer | null = null;
  #bytesWithCursor: Buffer | null = null;
  #eventBytes: Buffer | null = null;
  #eventBytesWithCursor: Buffer | null = null;

  constructor(body: string, facts: DeliveryFacts) {
    this.#body = body;
    this.#facts = facts;
    this.channelKey = facts.channelKey;
    this.gap = facts.gap;
    this.conflated = facts.conflated;
  }

  get cursor(): EventCursor | null {
    return this.#facts.cursor;
  }

  /** The response body: `{"data":…}`, with `extensions.stream` when something is to be told. */
  get text(): string {
    return this.#textWith({});
  }

  /**
   * The response body in UTF-8, followed by the brace that closes the message around it. A note is for one subscriber alone:
   * its bytes are not kept.
   */
  closedBytes(withCursor: boolean, note: StreamNote | null): Buffer {
    if (note !== null) return Buffer.from(`${this.#textTelling(note, withCursor)}}`);
    if (!withCursor) return (this.#bytes ??= Buffer.from(`${this.text}}`));
    return (this.#bytesWithCursor ??= Buffer.from(`${this.#textWith(this.#told())}}`));
  }

  /** The whole of a server-sent event in UTF-8, whose id is the cursor. */
  eventBytes(withCursor: boolean, note: StreamNote | null): Buffer {
    if (note !== null) return this.#event(this.#textTelling(note, withCursor));
    if (!withCursor) return (this.#eventBytes ??= this.#event(this.text));
    return (this.#eventBytesWithCursor ??= this.#event(this.#textWith(this.#told())));
  }

  /** The same event for a subscriber that skipped more than the others. */
  skipping(more: number): Delivery {
    return more === 0 ? this : new Delivery(this.#body, { ...this.#facts, conflated: this.conflated + more });
  }

  /** The same event for a subscriber that missed less, or nobody knows how much. */
  withGap(gap: Gap | null): Delivery {
    return new Delivery(this.#body, { ...this.#facts, gap });
  }

  #textTelling(note: StreamNote, withCursor: boolean): string {
    const told = this.gap === null ? note : { ...note, gap: mergeGaps(note.gap ?? null, this.gap)! };
    return this.#textWith({ ...(withCursor && this.#told()), ...told });
  }

  #event(data: string): Buffer {
    const { cursor } = this;
    return Buffer.from(`${cursor === null ? "" : `id: ${cursor.text}\n`}event: next\ndata: ${data}\n\n`);
  }

  #told(): { cursor?: string } {
    const { cursor } = this;
    return cursor === null ? {} : { cursor: cursor.text };
  }

  #textWith(more: object): string {
    const { gap, conflated } = this;
    const stream = { ...(gap && { gap }), ...(conflated > 0 && { conflated }), ...more };
    if (Object.keys(stream).length === 0) return this.#body;
    return `${this.#body.slice(0, this.#body.lastIndexOf("}"))},"extensions":${JSON.stringify({ stream })}}`;
  }
}
