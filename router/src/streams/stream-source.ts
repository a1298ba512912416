import { compareIds, type WindowEntry } from "@mib/stream-window/layout";
import type { WindowSlice } from "@mib/stream-window/reader";

/** What the hub asks of the store behind the streams. Answers to `subscribe` come through `hub.subscribed` and `hub.lost`. */
export interface StreamSource {
  /** Asks for the messages of a channel. `hub.subscribed(topic, channel)` follows when none published from then on is missed. */
  subscribe(topic: string, channel: string): void;
  unsubscribe(topic: string, channel: string): void;
  /** Rejects while the store is away. */
  readLast(topic: string, channel: string): Promise<WindowEntry | null>;
  readAfter(topic: string, channel: string, position: Position, limit: number): Promise<WindowSlice>;
}

/** What the store no longer has. */
export interface StreamHistory {
  /**
   * The events of a channel after a position and before an entry of its window, in order: all of them, or null where that
   * can't be told or they are more than `eventsMax`. Never rejects, and answers within a bounded time.
   */
  between(
    channel: { topic: string; name: string },
    after: Position,
    before: WindowEntry,
    eventsMax: number,
  ): Promise<PastEvents | null>;
}

/** Events from history. Who was given them says when it has no more use for them: all that are held count against a bound. */
export interface PastEvents {
  events: readonly WindowEntry[];
  release(): void;
}

/** Who is told what the source hears: the hub. */
export interface StreamListener {
  subscribed(topic: string, channel: string): void;
  /** Messages may be missed, of all channels or of `only` one, until `subscribed` is told of each. */
  lost(only?: { topic: string; channel: string }): void;
  /** The store is there again after it was away; `subscribed` follows for each channel. */
  returned(): void;
  message(topic: string, channel: string, entry: WindowEntry): void;
}

/** Where an event stands in its channel. */
export interface Position {
  epoch: string;
  id: string;
  /** How many events the channel has had with it; null where nobody knows. Only some stores ask for it. */
  count?: number | null;
}

/** Whether who has come to a position has had the event at another. */
export function isUpTo(position: Position, { epoch, id }: Position): boolean {
  return position.epoch === epoch && compareIds(id, position.id) <= 0;
}

/** In a position of a cursor: the epoch that the channel has now, if the position's count shows that it is of it. */
export const CURRENT_EPOCH = "*";
/** The epoch of a slice that was asked for with such a position, where it is not. */
export const NO_EPOCH = "";

/** Time as the hub sees it: the process's own, or a simulation's. */
export interface HubClock {
  /** Runs `action` after a while; returns how to call it off. */
  after(milliseconds: number, action: () => void): () => void;
}

/** What is lost on the way to a subscriber, told with the next event. `count` is null when nobody can know it. */
export interface Gap {
  count: number | null;
  reason: "lost" | "epoch" | "overflow" | "poison";
}

/** Adds up two gaps before the same event; the first reason stays, because it came first. */
export function mergeGaps(first: Gap | null, second: Gap | null): Gap | null {
  if (first === null || second === null) return first ?? second;
  return {
    count: first.count === null || second.count === null ? null : first.count + second.count,
    reason: first.reason,
  };
}
