import type { Logger } from "@mib/service/log";
import { createClusterClient } from "@mib/stream-window/cluster-client";
import { endWhenSilent } from "@mib/stream-window/end-when-silent";
import { within } from "@mib/stream-window/within";
import { Redis, type Cluster } from "ioredis";
import type { RedisAddress } from "../streams/redis-connection.ts";
import type { SharedCounters } from "./rate-limiter.ts";

const COMMAND_TIMEOUT_MS = 250;

/** Counters in Redis, each gone with its window. Fails fast while Redis is away. */
export class RedisCounters implements SharedCounters {
  readonly #redis: Redis | Cluster;
  readonly #stopWatching: () => void;

  constructor({ urls, isCluster }: RedisAddress, log: Logger) {
    const connection = {
      connectionName: "mib-router-limits",
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: 2_000,
    };
    const reconnect = (attempt: number) => Math.min(100 * attempt, 2_000);
    this.#redis = isCluster
      ? createClusterClient(urls, connection, { reconnect })
      : new Redis(urls[0], {
          ...connection,
          enableOfflineQueue: false,
          maxRetriesPerRequest: 0,
          retryStrategy: reconnect,
        });
    this.#redis.on("error", (error: Error) => log.debug({ err: error, use: "limits" }, "Redis connection failed"));
    this.#stopWatching = endWhenSilent(this.#redis);
  }

  async add(key: string, amount: number, windowSeconds: number): Promise<number> {
    const name = `mib:rate:${key}`;
    const transaction = this.#redis
      .multi()
      .incrby(name, amount)
      .expire(name, windowSeconds * 2);
    const results = await within(COMMAND_TIMEOUT_MS, transaction.exec());
    const [error, sum] = results?.[0] ?? [new Error("no answer"), null];
    if (error) throw error;
    return Number(sum);
  }

  close(): void {
    this.#stopWatching();
    this.#redis.disconnect();
  }
}
