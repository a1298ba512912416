import type { StreamEvent } from "@mib/events/event";
import { compareIds, idBelow, type WindowEntry } from "@mib/stream-window/layout";
import type { Position } from "../stream-source.ts";

/** Events of one channel that are asked for: those after a position and before an entry that the window has. */
export interface HistoryRequest {
  topic: string;
  channel: string;
  after: Position;
  before: WindowEntry;
  eventsMax: number;
}

/** One record of the channel, as far as it is needed; `event` is null where it lies before what is asked for. */
interface Candidate {
  offset: bigint;
  id: string;
  eventId: string | null;
  event: StreamEvent | null;
}

/**
 * Finds the events of one request in a log that is read piece by piece, from its end backwards. Takes what the relay took:
 * ids that increase, event ids that are new.
 */
export class ChannelSearch {
  readonly request: HistoryRequest;
  /** Where the entry that the window has stands in the log; null until it was found. */
  found: { partition: number; offset: bigint } | null = null;
  /** Pieces that were read before this one come later in the log. */
  readonly #pieces: Map<number, Candidate[]>[] = [];

  constructor(request: HistoryRequest) {
    this.request = request;
  }

  /** What follows comes from a piece of the log that lies before all others. */
  beginPiece(): void {
    this.#pieces.unshift(new Map());
  }

  add(event: StreamEvent): void {
    const { after, before } = this.request;
    const { partition, offset, position, eventId, brokerTimeMs } = event;
    if (position.epoch !== after.epoch) return;
    if (this.found !== null && (partition !== this.found.partition || offset >= this.found.offset)) return;
    if (position.id === before.id && brokerTimeMs === before.brokerTimeMs) {
      this.found = { partition, offset };
      return;
    }
    const piece = this.#pieces[0]!;
    let candidates = piece.get(partition);
    if (candidates === undefined) piece.set(partition, (candidates = []));
    const isWanted = compareIds(position.id, after.id) > 0 && compareIds(position.id, before.id) < 0;
    // Of those before it, the position itself shows how far back was read, and an event id what was sent again.
    if (isWanted || eventId !== null || position.id === after.id)
      candidates.push({ offset, id: position.id, eventId, event: isWanted ? event : null });
  }

  /** Whether the event at the position was read. What is sent again is sent again from there on, so one sending of it is enough. */
  get reachesBack(): boolean {
    return this.#candidates().some(({ id }) => id === this.request.after.id);
  }

  /**
   * The events, once all of them were read; null when they are more than asked for, or not those that the window follows.
   * An older event that comes late stands between newer ones: unless the log was read from a place `beforeAll` of them, they
   * are taken from the position on.
   */
  answer({ beforeAll }: { beforeAll: boolean }): WindowEntry[] | null {
    const { after, before, eventsMax } = this.request;
    const events: StreamEvent[] = [];
    const eventIds = new Set<string>();
    const candidates = this.#candidates();
    const start = beforeAll ? 0 : candidates.findIndex(({ id }) => id === after.id);
    let last = after.id;
    for (const { id, eventId, event } of candidates.slice(start)) {
      const isRepeated = eventId !== null && eventIds.has(eventId);
      if (eventId !== null) eventIds.add(eventId);
      if (event === null || isRepeated || compareIds(id, last) <= 0) continue;
      if (events.length === eventsMax) return null;
      events.push(event);
      last = id;
    }
    // An entry that follows an event which the writer of the window did not know names an id right below its own.
    if (last !== before.prev && before.prev !== idBelow(before.id)) return null;
    return events.map((event, i) => ({
      epoch: after.epoch,
      id: event.position.id,
      prev: i === 0 ? after.id : events[i - 1]!.position.id,
      count: before.count - (events.length - i),
      brokerTimeMs: event.brokerTimeMs,
      traceparent: event.traceparent,
      value: event.value,
    }));
  }

  #candidates(): Candidate[] {
    const { found } = this;
    if (found === null) return [];
    return this.#pieces
      .flatMap((piece) => piece.get(found.partition) ?? [])
      .filter(({ offset }) => offset < found.offset);
  }
}
