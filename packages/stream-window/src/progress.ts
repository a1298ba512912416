/**
 * How far a writer has come in a log, kept beside what it writes and moved by the same calls: whoever comes back to a server that
 * lost some of it, or all, is told so by the marker.
 */
import type { Cluster, Redis } from "ioredis";
import { wholeKey } from "./layout.ts";
import { isCluster, toFunctionError } from "./library.ts";
import { runOf } from "./server-run.ts";

export interface Progress {
  /** The place in the log to go on from. */
  next: bigint;
  /** Where the log was last taken up without knowing what came before; 0: it is known from its first record. */
  since: bigint;
}

/** LOST: there is no marker; BEHIND: it is not as far as it was. In both cases nothing was noted. */
export type Outcome = "NOTED" | "LOST" | "BEHIND";

export async function readProgress(redis: Redis | Cluster, key: string): Promise<Progress | null> {
  const text = await redis.get(key);
  if (text === null) return null;
  const [next = "", since = "0"] = text.split(" ");
  return { next: BigInt(next), since: BigInt(since) };
}

/** Moves the marker on, if it is as far as `at`; one that is further stays. */
export const noteProgress = (redis: Redis | Cluster, key: string, at: bigint, progress: Progress): Promise<Outcome> =>
  call(redis, "mib_note", [key], at, progress.next, progress.since);

/** Ends one marker, if it is as far as `at`, and begins another in its place. Both keys have to be in one slot. */
export const handOver = (
  redis: Redis | Cluster,
  keys: readonly [ended: string, begun: string],
  at: bigint,
  progress: Progress,
): Promise<Outcome> => call(redis, "mib_hand_over", keys, at, progress.next, progress.since);

/** Notes that all windows of a topic are there as long as the server runs, if each marker is as far as it has to be. */
export async function markWhole(
  redis: Redis | Cluster,
  topic: string,
  markers: readonly { key: string; at: bigint }[],
): Promise<Outcome> {
  const whole = wholeKey(topic);
  const run = await runOf(redis);
  const keys = markers.map(({ key }) => key);
  if (!isCluster(redis)) return call(redis, "mib_mark_whole", [whole, ...keys], run, ...markers.map(({ at }) => at));
  // Its servers lose their data one by one, so here the note has to be taken back.
  const noted = await Promise.all(keys.map((key) => readProgress(redis, key)));
  const isWhole = noted.every((progress, i) => progress !== null && progress.next >= markers[i]!.at);
  await (isWhole ? redis.set(whole, run) : redis.del(whole));
  return isWhole ? "NOTED" : "LOST";
}

async function call(
  redis: Redis | Cluster,
  name: string,
  keys: readonly string[],
  ...args: readonly (bigint | string)[]
): Promise<Outcome> {
  try {
    return (await redis.call("FCALL", name, String(keys.length), ...keys, ...args.map(String))) as Outcome;
  } catch (error) {
    throw error instanceof Error ? toFunctionError(error) : error;
  }
}
