import type { Topic } from "@mib/events/topics";
import {
  type Append,
  type AppendOutcome,
  appendEvents,
  FunctionMissingError,
  loadAppendFunction,
} from "@mib/stream-window/append-function";
import { endWhenSilent } from "@mib/stream-window/end-when-silent";
import { Cluster, Redis } from "ioredis";

/**
 * The windows in Redis and, per partition, the offset to go on from. That key is also the proof that the windows are
 * whole: appends refuse to work without it, and a refill writes it last.
 */
export class WindowStore {
  readonly #redis: Redis | Cluster;
  readonly #publish: "PUBLISH" | "SHARDED";
  readonly #checksMarker: boolean;
  readonly #stopWatching: () => void;

  /** `onTrouble` is told why there is no connection, once for as long as it stays the same: commands say only that there is none. */
  constructor(
    { REDIS_URL, REDIS_CLUSTER }: { REDIS_URL: string; REDIS_CLUSTER: boolean },
    onTrouble: (reason: Error) => void = () => {},
  ) {
    const reconnect = (times: number) => Math.min(50 * times, 1_000);
    const connection = { connectTimeout: 3_000, commandTimeout: 5_000, connectionName: "mib-relay" };
    // A command that can't be sent fails at once and the batch is tried again: appending is idempotent, so nothing needs
    // to be queued.
    this.#redis = REDIS_CLUSTER
      ? new Cluster([REDIS_URL], {
          redisOptions: connection,
          clusterRetryStrategy: reconnect,
          enableOfflineQueue: false,
          scaleReads: "master",
        })
      : new Redis(REDIS_URL, {
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
    this.#checksMarker = !REDIS_CLUSTER;
  }

  /** Appends and publishes. LOST for an event says that the partition's windows are not whole any more. */
  async append(topic: Topic, partition: number, events: readonly Append[]): Promise<AppendOutcome[]> {
    const markerKey = this.#checksMarker ? progressKey(topic.name, partition) : null;
    return this.#withFunction(() =>
      appendEvents(this.#redis, events, { limits: topic.window!, publish: this.#publish, markerKey }),
    );
  }

  /** Appends in silence, while the partition is being refilled. */
  async refill(topic: Topic, partition: number, events: readonly Append[]): Promise<AppendOutcome[]> {
    const markerKey = this.#checksMarker ? refillKey(topic.name, partition) : null;
    return this.#withFunction(() =>
      appendEvents(this.#redis, events, { limits: topic.window!, publish: "NONE", markerKey }),
    );
  }

  /** Where to go on in a partition; null when its windows are not whole. */
  async progress(topic: string, partition: number): Promise<bigint | null> {
    const offset = await this.#redis.get(progressKey(topic, partition));
    return offset === null ? null : BigInt(offset);
  }

  /** Notes the offset to go on from. Returns false, and notes nothing, when the windows are not whole any more. */
  async setProgress(topic: string, partition: number, offset: bigint): Promise<boolean> {
    return (await this.#redis.set(progressKey(topic, partition), String(offset), "XX")) === "OK";
  }

  /** From now on the partition's windows are not whole. */
  async beginRefill(topic: string, partition: number): Promise<void> {
    await this.#redis.del(progressKey(topic, partition));
    await this.#redis.set(refillKey(topic, partition), "0");
  }

  /** The windows are whole up to the offset. Returns false when what was refilled is lost again. */
  async endRefill(topic: string, partition: number, offset: bigint): Promise<boolean> {
    if ((await this.#redis.set(refillKey(topic, partition), String(offset), "XX")) !== "OK") return false;
    try {
      await this.#redis.rename(refillKey(topic, partition), progressKey(topic, partition));
      return true;
    } catch (error) {
      if (error instanceof Error && /no such key/i.test(error.message)) return false;
      throw error;
    }
  }

  async ping(): Promise<void> {
    await this.#redis.ping();
  }

  async close(): Promise<void> {
    this.#stopWatching();
    await this.#redis.quit().catch(() => this.#redis.disconnect());
  }

  async #withFunction<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof FunctionMissingError)) throw error;
      await loadAppendFunction(this.#redis);
      return await work();
    }
  }
}

// Both keys of a partition have its name as hash tag: RENAME works in a cluster.
const progressKey = (topic: string, partition: number): string => `mib:relay:{${topic}/${partition}}:next`;
const refillKey = (topic: string, partition: number): string => `mib:relay:{${topic}/${partition}}:refill`;
