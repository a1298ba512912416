import { compareIds, FIRST_ID, type WindowEntry } from "@mib/stream-window/layout";
import { FilterIndex, type ResolvedFilter } from "./filter-index.ts";
import type { Group, GroupSpec, Subscriber } from "./group.ts";
import { EventRate } from "./event-rate.ts";
import type { StreamEvent } from "./stream-event.ts";

/** Where a channel stands: the last event that was handed on, or where a new epoch begins. */
export interface ChannelPosition {
  epoch: string;
  id: string;
  /** The channel's count at that event; null when it is not known. */
  count: number | null;
}

/** A group of subscribers to channels. */
export interface StreamSpec extends GroupSpec {
  topic: string;
  channels: readonly string[];
  filters: readonly ResolvedFilter[];
}

/**
 * One channel that somebody listens to.
 * SUBSCRIBING: the store has not confirmed yet · READING: messages are kept while the window is read · LIVE: messages are
 * handed on as they come · RETRYING: the window could not be read, and will be again.
 */
export class Channel {
  readonly key: string;
  readonly topic: string;
  readonly name: string;
  readonly groups = new FilterIndex<Group<StreamSpec>>();
  /** Groups that want every event: while there is one, holes are closed. */
  everyGroups = 0;
  state: "SUBSCRIBING" | "READING" | "LIVE" | "RETRYING" = "SUBSCRIBING";
  /** Null until it was compared with the window once; then also the answer to whether the channel has had an event. */
  position: ChannelPosition | null = null;
  positionKnown = false;
  last: StreamEvent | null = null;
  buffer: { entry: WindowEntry; arrival: number }[] = [];
  /** Messages were left out of the buffer because it was full: the window has them. */
  bufferOverflowed = false;
  /** Subscribers that join when the channel is live, and after the read of this number or a later one. */
  waiting = new Map<Subscriber, { group: Group<StreamSpec>; fromRead: number }>();
  /** Tells the answer of the latest read from those of reads that were given up. */
  readNumber = 0;
  quietSinceVerified = false;
  readonly rate = new EventRate();

  constructor(key: string, topic: string, name: string) {
    this.key = key;
    this.topic = topic;
    this.name = name;
  }
}

export type Relation = "NEXT" | "KNOWN" | "HOLE" | "OTHER_EPOCH";

/** How an entry follows a position. */
export function relationTo(position: ChannelPosition, entry: WindowEntry): Relation {
  if (entry.epoch !== position.epoch) return "OTHER_EPOCH";
  if (compareIds(entry.id, position.id) <= 0) return "KNOWN";
  // `prev` older than the position: the writer lost that event from its window, nothing lies between.
  return compareIds(entry.prev, position.id) <= 0 ? "NEXT" : "HOLE";
}

/** How many events lie between a position and an entry; null when nobody can know. */
export function missedBetween(position: ChannelPosition, entry: WindowEntry): number | null {
  if (position.count === null || position.epoch !== entry.epoch) return null;
  const missed = entry.count - position.count - 1;
  return missed > 0 ? missed : null;
}

export const startOf = (epoch: string): ChannelPosition => ({ epoch, id: FIRST_ID, count: null });
