import type { WindowEntry } from "@mib/stream-window/layout";
import type { WindowSlice } from "@mib/stream-window/reader";
import type { Position, StreamSource } from "../stream-source.ts";

/**
 * Reads of windows for those who catch up: many who come back at once were at the same event, so one that is under way serves
 * all who ask for the same. It may have begun a little before somebody asked, who therefore compares what it says with
 * what was handed on meanwhile.
 */
export class WindowReads {
  readonly #source: StreamSource;
  readonly #slices = new Map<string, Promise<WindowSlice>>();
  readonly #lasts = new Map<string, Promise<WindowEntry | null>>();

  constructor(source: StreamSource) {
    this.#source = source;
  }

  /** As `StreamSource.readAfter`. */
  after(topic: string, channel: string, position: Position, limit: number): Promise<WindowSlice> {
    const { epoch, id, count } = position;
    const key = JSON.stringify([topic, channel, epoch, id, count, limit]);
    return shared(this.#slices, key, () => this.#source.readAfter(topic, channel, position, limit));
  }

  /** As `StreamSource.readLast`. */
  last(topic: string, channel: string): Promise<WindowEntry | null> {
    return shared(this.#lasts, JSON.stringify([topic, channel]), () => this.#source.readLast(topic, channel));
  }
}

function shared<Answer>(
  underWay: Map<string, Promise<Answer>>,
  key: string,
  read: () => Promise<Answer>,
): Promise<Answer> {
  const known = underWay.get(key);
  if (known !== undefined) return known;
  const answer = read().finally(() => underWay.delete(key));
  underWay.set(key, answer);
  return answer;
}
