import type { Topic } from "@mib/events/topics";
import type { Urls } from "@mib/service/config";
import { type Append, type AppendOptions, type AppendOutcome, appendEvents } from "@mib/stream-window/append-function";
import { createClusterClient } from "@mib/stream-window/cluster-client";
import { COMMAND_TIMEOUT_MS, endWhenSilent } from "@mib/stream-window/end-when-silent";
import { wholeKey } from "@mib/stream-window/layout";
import { FunctionMissingError, loadLibrary } from "@mib/stream-window/library";
import {
  handOver,
  markWhole,
  noteProgress,
  type Outcome,
  type Progress,
  readProgress,
} from "@mib/stream-window/progress";
import { type Cluster, Redis } from "ioredis";
import { InFlight } from "./in-flight.ts";

/**
 * Events that Redis is given at once, of all partitions together: what it has not begun stands before the answer to a ping, and
 * one that gets a tenth of a processor has to be through within the timeouts, or all of it is tried again for nothing.
 */
const EVENTS_IN_FLIGHT_MAX = 1_000;

/**
 * The windows in Redis and, per partition, the offset to go on from. That marker is also the proof that the windows are
 * whole: appends refuse to work without it, move it, and notice when it is not where they left it. A refill has a marker of its own,
 * which counts what was written, and turns into the other when it is done.
 */
export class WindowStore {
  readonly #redis: Redis | Cluster;
  readonly #publish: "PUBLISH" | "SHARDED";
  /** Not in a cluster: a channel and its partition's marker are in different slots there. */
  readonly #movesMarkers: boolean;
  readonly #stopWatching: () => void;
  readonly #inFlight = new InFlight(EVENTS_IN_FLIGHT_MAX);
  #hasLoaded = false;

  /** `onTrouble` is told why there is no connection, once for as long as it stays the same: commands say only that there is none. */
  constructor(
    { REDIS_URL, REDIS_CLUSTER }: { REDIS_URL: Urls; REDIS_CLUSTER: boolean },
    onTrouble: (reason: Error) => void = () => {},
  ) {
    const reconnect = (times: number) => Math.min(50 * times, 1_000);
    const connection = { connectTimeout: 3_000, commandTimeout: COMMAND_TIMEOUT_MS, connectionName: "mib-relay" };
    // A command that can't be sent fails at once and the batch is tried again: appending is idempotent, so nothing needs
    // to be queued.
    this.#redis = REDIS_CLUSTER
      ? createClusterClient(REDIS_URL, connection, { reconnect })
      : new Redis(REDIS_URL[0], {
          ...connection,
          enableOfflineQueue: false,
          maxRetriesPerRequest: 0,
          autoResendUnfulfilledCommands: false,
          retryStrategy: reconnect,
        });
    let told: string | null = null;
    this.#redis.on("ready", () => (told = null));
    this.#redis.on("error", (error: Error) => {
      if (error.message === told) return;
      told = error.message;
      onTrouble(error);
    });
    this.#stopWatching = endWhenSilent(this.#redis);
    this.#publish = REDIS_CLUSTER ? "SHARDED" : "PUBLISH";
    this.#movesMarkers = !REDIS_CLUSTER;
  }

  /** Appends and publishes what comes next in a partition that is noted up to `at.next`. */
  append(topic: Topic, partition: number, events: readonly Append[], at: Progress): Promise<AppendOutcome[]> {
    const key = progressKey(topic.name, partition);
    return this.#append(topic, events, this.#publish, key, at);
  }

  /** Appends in silence, while the partition is being refilled; `at.next` counts what was so far. */
  refill(topic: Topic, partition: number, events: readonly Append[], at: Progress): Promise<AppendOutcome[]> {
    const key = refillKey(topic.name, partition);
    return this.#append(topic, events, "NONE", key, at);
  }

  #append(
    topic: Topic,
    events: readonly Append[],
    publish: AppendOptions["publish"],
    key: string,
    { next, since }: Progress,
  ): Promise<AppendOutcome[]> {
    const marker = this.#movesMarkers ? { key, at: next } : null;
    return this.#inFlight.run(events.length, () =>
      this.#withFunctions(() => appendEvents(this.#redis, events, { limits: topic.window!, publish, marker, since })),
    );
  }

  /** Where to go on in a partition; null when its windows are not whole. */
  progress(topic: string, partition: number): Promise<Progress | null> {
    return readProgress(this.#redis, progressKey(topic, partition));
  }

  /** Notes how far a partition is, if it is as far as what was `appended` left it. */
  setProgress(topic: string, partition: number, appended: bigint, progress: Progress): Promise<Outcome> {
    const at = this.#movesMarkers ? appended : 0n;
    return this.#withFunctions(() => noteProgress(this.#redis, progressKey(topic, partition), at, progress));
  }

  /** From now on the partition's windows are not whole. */
  async beginRefill(topic: string, partition: number): Promise<void> {
    await this.#redis.del(wholeKey(topic));
    await this.#redis.del(progressKey(topic, partition));
    await this.#redis.set(refillKey(topic, partition), "0");
  }

  /** The windows are whole up to `progress`, if all that was `written` is still there. */
  endRefill(topic: string, partition: number, written: bigint, progress: Progress): Promise<Outcome> {
    const keys = [refillKey(topic, partition), progressKey(topic, partition)] as const;
    const at = this.#movesMarkers ? written : 0n;
    return this.#withFunctions(() => handOver(this.#redis, keys, at, progress));
  }

  /** Notes that all windows of a topic are there, if each of its partitions is as far as `next`. */
  markWhole(topic: string, partitions: readonly { partition: number; next: bigint }[]): Promise<Outcome> {
    const markers = partitions.map(({ partition, next }) => ({ key: progressKey(topic, partition), at: next }));
    return this.#withFunctions(() => markWhole(this.#redis, topic, markers));
  }

  async ping(): Promise<void> {
    await this.#redis.ping();
  }

  async close(): Promise<void> {
    this.#stopWatching();
    await this.#redis.quit().catch(() => this.#redis.disconnect());
  }

  async #withFunctions<T>(work: () => Promise<T>): Promise<T> {
    // A server may have those of another version.
    if (!this.#hasLoaded) await this.#load();
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof FunctionMissingError)) throw error;
      await this.#load();
      return await work();
    }
  }

  async #load(): Promise<void> {
    await loadLibrary(this.#redis);
    this.#hasLoaded = true;
  }
}

// Both keys of a partition have its name as hash tag: one call may take both in a cluster.
const progressKey = (topic: string, partition: number): string => `mib:relay:{${topic}/${partition}}:next`;
const refillKey = (topic: string, partition: number): string => `mib:relay:{${topic}/${partition}}:refill`;
