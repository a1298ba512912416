import type { Cluster, Redis } from "ioredis";
import { compareIds, decodeEntry, epochKey, FIRST_ID, type WindowEntry, wholeKey, windowKey } from "./layout.ts";
import { isCluster } from "./library.ts";
import { CLUSTER_RUN, runIn } from "./server-run.ts";

/** Thrown where Redis may not have all of a window: ask again later. */
export class WindowsLostError extends Error {
  override readonly name = "WindowsLostError";

  constructor() {
    super("Redis does not have the windows of the streams yet: the relay fills them");
  }
}

/** What follows a position in a window. */
export interface WindowSlice {
  /** The channel's current epoch; null when it has none. */
  epoch: string | null;
  /** In order, each the successor of the one before it, as many as the limit allows. */
  entries: WindowEntry[];
  /** Whether nothing is missing between the position and the first entry, or after it when there is none. */
  complete: boolean;
  /** The newest entry of the position's epoch, as of the same moment; null when there is none. */
  head: WindowEntry | null;
}

/** The channel's last event; null when it has had none. Fails with WindowsLostError while it may not be the last. */
export async function readLast(redis: Redis | Cluster, topic: string, channel: string): Promise<WindowEntry | null> {
  // An epoch may end between the two reads: then its window is still there, and the answer is right as of the first.
  const epoch = await whileWhole(redis, topic, epochKey(topic, channel));
  if (epoch === null) return null;
  const [last] = await redis.xrevrange(windowKey(topic, channel, epoch), "+", "-", "COUNT", 1);
  // A window keeps its newest entry.
  if (last === undefined) throw new WindowsLostError();
  return toEntry(last[1]);
}

/**
 * The events after a position. `complete: false` says that the window no longer reaches back to it, has a hole there, or is
 * of another epoch: what is missing has to come from Kafka, or is lost. Fails with WindowsLostError.
 */
export async function readAfter(
  redis: Redis | Cluster,
  topic: string,
  channel: string,
  position: { epoch: string; id: string },
  limit: number,
): Promise<WindowSlice> {
  const window = windowKey(topic, channel, position.epoch);
  // One transaction: an append between two reads would look like a hole.
  const results = await redis
    .multi()
    .get(epochKey(topic, channel))
    .xrange(window, `(${position.id}`, "+", "COUNT", limit)
    .xrevrange(window, "+", "-", "COUNT", 1)
    .exec();
  const [epoch, after, newest] = (results ?? []).map(([error, value]) => {
    if (error) throw error;
    return value;
  }) as [string | null, StreamEntries, StreamEntries];
  if (epoch === null) {
    await whileWhole(redis, topic, epochKey(topic, channel));
    return { epoch, entries: [], complete: position.id === FIRST_ID, head: null };
  }
  const head = newest[0] === undefined ? null : toEntry(newest[0][1]);
  if (epoch !== position.epoch) return { epoch, entries: [], complete: false, head };
  const entries = unbroken(after.map(([, fields]) => toEntry(fields)));
  const first = entries[0];
  if (first !== undefined) return { epoch, entries, complete: compareIds(first.prev, position.id) <= 0, head };
  return { epoch, entries, complete: head !== null && compareIds(head.id, position.id) <= 0, head };
}

/** What a key holds, if all windows of the topic are there as of the same moment; of a cluster, as of nearly the same. */
async function whileWhole(redis: Redis | Cluster, topic: string, key: string): Promise<string | null> {
  if (isCluster(redis)) {
    const [value, whole] = await Promise.all([redis.get(key), redis.get(wholeKey(topic))]);
    if (whole !== CLUSTER_RUN) throw new WindowsLostError();
    return value;
  }
  const results = (await redis.multi().get(key).get(wholeKey(topic)).info("server").exec()) ?? [];
  const [value, whole, info] = results.map(([error, result]) => {
    if (error) throw error;
    return result as string | null;
  });
  if (whole !== runIn(info!)) throw new WindowsLostError();
  return value ?? null;
}

type StreamEntries = [id: string, fields: string[]][];

/** Up to the first entry that does not follow the one before it. */
function unbroken(entries: WindowEntry[]): WindowEntry[] {
  const broken = entries.findIndex((entry, i) => i > 0 && entry.prev !== entries[i - 1]!.id);
  return broken < 0 ? entries : entries.slice(0, broken);
}

function toEntry(fields: string[]): WindowEntry {
  // Fields stand in the order in which they were written: h, header, v, value.
  return decodeEntry(fields[1]!, fields[3]!);
}
