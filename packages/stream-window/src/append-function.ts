import type { Cluster, Redis } from "ioredis";
import { COMMAND_TIMEOUT_MS } from "./end-when-silent.ts";
import { channelName, epochKey, idBelow, windowKeys } from "./layout.ts";
import { isCluster, toFunctionError } from "./library.ts";
import type { Outcome, Progress } from "./progress.ts";
import { within } from "./within.ts";

/** An event to append. */
export interface Append {
  topic: string;
  channel: string;
  epoch: string;
  id: string;
  brokerTimeMs: number;
  traceparent: string | null;
  value: string;
  /** Identity of an event whose id is only its place in the log: a known one is a DUPLICATE at any id. */
  eventId?: string | null;
  /** Set when events before this one are not in the window: the id of the last of them (or an id below this one) and how many the channel had; an id that is not older than this event says nothing. */
  before?: { id: string; count: number } | null;
  /** The caller knows that the channel has a window: when it has none, Redis lost it. */
  known?: boolean;
  /** What the marker says once this event is there: one more than the marker's before, or further. */
  next?: bigint;
}

/**
 * APPENDED; DUPLICATE: the channel has it already; OUT_OF_ORDER: not newer than the channel's last, yet never seen, or of an
 * epoch that is over; LOST: the window or the marker that the caller relies on is gone; BEHIND: the marker is not as far as it has
 * to be, so an event before this one is not there. Only APPENDED changed any event of the channel.
 */
export type AppendOutcome = "APPENDED" | "DUPLICATE" | "OUT_OF_ORDER" | Exclude<Outcome, "NOTED">;

/** What a window keeps. Its newest entry always stays; age is held to within an eighth. */
export interface WindowLimits {
  entriesMax: number;
  bytesMax: number;
  ageMsMax: number;
}

export interface AppendOptions {
  limits: WindowLimits;
  /** NONE fills a window without telling anybody; SHARDED is for Redis Cluster. */
  publish: "NONE" | "PUBLISH" | "SHARDED";
  /**
   * The marker that the events move, and how far it is at least: each event is appended only if it is as far as the event before
   * left it. Not for Redis Cluster (it is in another slot).
   */
  marker?: { key: string; at: bigint } | null;
  /** Where the log was last taken up without knowing what came before: a channel's first event behind it shows a hole. 0 by default: nowhere. */
  since?: Progress["since"];
}

const PUBLISH_ARGUMENT = { NONE: "0", PUBLISH: "1", SHARDED: "2" } as const;

/**
 * Appends events, those of one channel in the order given, and returns an outcome for each. Fails when any of them could not be
 * tried; to call it again with the same events is safe, since those that got there are DUPLICATE then.
 */
export async function appendEvents(
  redis: Redis | Cluster,
  events: readonly Append[],
  options: AppendOptions,
): Promise<AppendOutcome[]> {
  if (!isCluster(redis)) return appendInPipeline(redis, events, options);
  // A cluster's pipeline takes one slot: one pipeline per channel.
  const outcomes = new Array<AppendOutcome>(events.length);
  const byChannel = Map.groupBy(events.keys(), (index) => channelName(events[index]!.topic, events[index]!.channel));
  await Promise.all(
    [...byChannel.values()].map(async (indexes) => {
      const results = await appendInPipeline(
        redis,
        indexes.map((index) => events[index]!),
        options,
      );
      indexes.forEach((index, i) => (outcomes[index] = results[i]!));
    }),
  );
  return outcomes;
}

async function appendInPipeline(
  redis: Redis | Cluster,
  events: readonly Append[],
  options: AppendOptions,
): Promise<AppendOutcome[]> {
  const pipeline = redis.pipeline();
  let at = options.marker?.at ?? 0n;
  for (const event of events) {
    pipeline.call("FCALL", ...fcallArguments(event, at, isCluster(redis), options));
    at = event.next ?? at;
  }
  const results = (await within(COMMAND_TIMEOUT_MS, pipeline.exec())) ?? [];
  return results.map(([error, outcome]) => {
    if (error) throw toFunctionError(error);
    return outcome as AppendOutcome;
  });
}

function fcallArguments(
  event: Append,
  at: bigint,
  inCluster: boolean,
  { limits, publish, marker, since = 0n }: AppendOptions,
): string[] {
  const { topic, channel, epoch, eventId } = event;
  const hasEventId = (eventId ?? "") !== "";
  const keys = [
    epochKey(topic, channel),
    ...(marker ? [marker.key] : []),
    ...(inCluster ? windowKeys(topic, channel, epoch, { hasEventId }) : []),
  ];
  return [
    "mib_append_event",
    String(keys.length),
    ...keys,
    event.epoch,
    event.id,
    String(event.brokerTimeMs),
    event.traceparent ?? "-",
    eventId ?? "",
    event.value,
    PUBLISH_ARGUMENT[publish],
    event.known === true ? "1" : "0",
    event.before?.id ?? "",
    String(event.before?.count ?? 0),
    String(limits.entriesMax),
    String(limits.bytesMax),
    String(limits.ageMsMax),
    String(since),
    since === 0n ? "" : idBelow(event.id),
    marker ? String(at) : "",
    String(event.next ?? at),
  ];
}
