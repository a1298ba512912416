import { FIRST_ID, type WindowEntry } from "@mib/stream-window/layout";
import type { WindowSlice } from "@mib/stream-window/reader";
import { passes } from "../filter-index.ts";
import type { StreamSpec } from "../channel.ts";
import type { Group, Subscriber } from "../group.ts";
import { StreamEvent } from "../stream-event.ts";
import {
  CURRENT_EPOCH,
  isUpTo,
  mergeGaps,
  NO_EPOCH,
  type Gap,
  type HubClock,
  type PastEvents,
  type Position,
  type StreamHistory,
} from "../stream-source.ts";
import type { NotRecovered } from "./cursor-scope.ts";
import type { WindowReads } from "./window-reads.ts";

/** Where a subscription begins that goes on with a stream; `start`: with the oldest event that the window has. */
export type ResumePoint = Position | "start";

export interface ReplayOptions {
  reads: WindowReads;
  /** Null where what a window no longer has is lost. */
  history: StreamHistory | null;
  clock: HubClock;
  channel: { topic: string; name: string; key: string };
  group: Group<StreamSpec>;
  subscriber: Subscriber;
  from: ResumePoint;
  /** Whether the subscriber is told how many events follow: it asked to go on. */
  tellsCount: boolean;
  replayEventsMax: number;
  executionsMax: number;
  observer: { replayed(): void };
  /** The last event that the group was handed; null: the channel has had none as far as that is known. */
  known(): Position | null;
  /** Has the channel look for an event that it missed. */
  look(): void;
  /** Called at the very moment at which the subscriber has what its group was handed: an event handed on next must reach both. */
  caughtUp(at: Position | null): void;
}

/** The subscriber has caught up, or its stream can't go on, or it has left. */
export type ReplayOutcome = "CAUGHT_UP" | { failed: NotRecovered } | "LEFT";

const READ_ENTRIES_MAX = 200;
const RETRY_MS = 250;
/** For so long a lost window may take to be filled in again: the relay needs seconds. */
const RETRIES_MAX = 40;

/**
 * Delivers to one subscriber what a channel has had since a position, in order, until it has caught up with its group:
 * from history what the window no longer has, then from the window. A stream that can't be continued from there as a whole
 * is not continued in part.
 */
export function replay(options: ReplayOptions): Promise<ReplayOutcome> {
  return options.group.whileCatchingUp(() => catchUp(options));
}

async function catchUp(options: ReplayOptions): Promise<ReplayOutcome> {
  const { channel, from, history, subscriber, tellsCount, replayEventsMax } = options;
  let position = from === "start" ? null : from;
  let mayBeTrimmed = from === "start";
  let isFirst = true;
  let gap: Gap | null = null;
  let retries = 0;
  for (;;) {
    const slice = await readSlice(options, position);
    if (hasLeft(options)) return "LEFT";
    // None is kept, and the group was handed none meanwhile, which this subscriber would miss.
    if (slice?.epoch === null && position === null && (options.known() === null || retries >= RETRIES_MAX))
      return done(options, null);
    if (slice !== null && slice.epoch !== null) {
      if (position === null) position = { epoch: slice.epoch, id: FIRST_ID };
      else if (position.epoch === CURRENT_EPOCH && slice.epoch !== NO_EPOCH)
        position = { ...position, epoch: slice.epoch };
      if (slice.epoch !== position.epoch) return { failed: "epoch" };
      const [first] = slice.entries;
      const inWindow = first === undefined ? 0 : slice.head!.count - first.count + 1;
      if (isFirst && !(inWindow <= replayEventsMax)) return { failed: "too_far" };
      let past: PastEvents | null = null;
      if (!slice.complete && !mayBeTrimmed) {
        const eventsMax = isFirst ? replayEventsMax - inWindow : replayEventsMax;
        past = first === undefined ? null : ((await history?.between(channel, position, first, eventsMax)) ?? null);
        if (past === null) return hasLeft(options) ? "LEFT" : { failed: "too_far" };
      }
      mayBeTrimmed = false;
      if (isFirst) {
        isFirst = false;
        if (tellsCount) subscriber.note = { recovered: true, replayed: (past?.events.length ?? 0) + inWindow };
      }
      try {
        for (const some of inPieces(past?.events ?? [])) {
          gap = await deliverAll(options, some, gap);
          if (hasLeft(options)) return "LEFT";
        }
      } finally {
        past?.release();
      }
      gap = await deliverAll(options, slice.entries, gap);
      if (hasLeft(options)) return "LEFT";
      const last = slice.entries.at(-1);
      if (last !== undefined) position = { epoch: last.epoch, id: last.id, count: last.count };
      const known = options.known();
      // What the group was not handed so far comes as news.
      if (known === null ? slice.head === null : isUpTo(position, known)) {
        if (gap !== null) subscriber.note = { ...subscriber.note, gap };
        return done(options, position);
      }
      if (known === null) options.look();
      if (last !== undefined) {
        retries = 0;
        continue;
      }
    }
    // The store is away, its window is lost and not yet filled in again, or the group knows more than the window shows.
    if (slice !== null) retries += 1;
    if (retries > RETRIES_MAX) return { failed: "too_far" };
    await new Promise<void>((resolve) => options.clock.after(RETRY_MS, resolve));
    if (hasLeft(options)) return "LEFT";
  }
}

function done({ caughtUp }: ReplayOptions, at: Position | null): ReplayOutcome {
  caughtUp(at);
  return "CAUGHT_UP";
}

function* inPieces(entries: readonly WindowEntry[]): Generator<readonly WindowEntry[]> {
  for (let start = 0; start < entries.length; start += READ_ENTRIES_MAX)
    yield entries.slice(start, start + READ_ENTRIES_MAX);
}

const hasLeft = ({ group, subscriber }: ReplayOptions): boolean => !group.subscribers.has(subscriber);

/** Null while the store is away. */
async function readSlice({ reads, channel }: ReplayOptions, position: Position | null): Promise<WindowSlice | null> {
  const { topic, name } = channel;
  try {
    if (position !== null) return await reads.after(topic, name, position, READ_ENTRIES_MAX);
    const last = await reads.last(topic, name);
    if (last === null) return { epoch: null, entries: [], complete: true, head: null };
    return await reads.after(topic, name, { epoch: last.epoch, id: FIRST_ID }, READ_ENTRIES_MAX);
  } catch {
    return null;
  }
}

/**
 * Executes some at a time, delivers in order, and goes no further ahead than the subscriber takes. `gap` is what is to be
 * told with the next delivery; returns what is left of it.
 */
async function deliverAll(
  options: ReplayOptions,
  entries: readonly WindowEntry[],
  gap: Gap | null,
): Promise<Gap | null> {
  const { channel, group, subscriber, executionsMax } = options;
  const { filters } = group.spec;
  let events = entries.map((entry) => new StreamEvent(channel, entry));
  if (filters.length > 0) events = events.filter(({ payload }) => passes(filters, payload));
  for (let start = 0; start < events.length; start += executionsMax) {
    const some = events.slice(start, start + executionsMax);
    for (const delivery of await Promise.all(some.map((event) => group.deliveryAgain(event)))) {
      if (hasLeft(options)) return null;
      if (delivery === null) {
        gap = mergeGaps(gap, { count: 1, reason: "poison" });
        continue;
      }
      subscriber.deliver(gap === null ? delivery : delivery.withGap(gap));
      options.observer.replayed();
      gap = null;
    }
    await subscriber.drained();
  }
  return gap;
}
