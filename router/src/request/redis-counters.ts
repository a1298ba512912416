import type { Logger } from "@mib/service/log";
import { endWhenSilent } from "@mib/stream-window/end-when-silent";
import { Redis } from "ioredis";
import type { SharedCounters } from "./rate-limiter.ts";

const COMMAND_TIMEOUT_MS = 250;

/** Counters in Redis, each gone with its window. Fails fast while Redis is away. */
export class RedisCounters implements SharedCounters {
  readonly #redis: Redis;
  readonly #stopWatching: () => void;

  constructor(url: string, log: Logger) {
    this.#redis = new Redis(url, {
      connectionName: "mib-router-limits",
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: 2_000,
      retryStrategy: (attempt) => Math.min(100 * attempt, 2_000),
    });
    this.#redis.on("error", (error: Error) => log.debug({ err: error, use: "limits" }, "Redis connection failed"));
    this.#stopWatching = endWhenSilent(this.#redis);
  }

  async add(key: string, amount: number, windowSeconds: number): Promise<number> {
    const name = `mib:rate:${key}`;
    const results = await this.#redis
      .multi()
      .incrby(name, amount)
      .expire(name, windowSeconds * 2)
      .exec();
    const [error, sum] = results?.[0] ?? [new Error("no answer"), null];
    if (error) throw error;
    return Number(sum);
  }

  close(): void {
    this.#stopWatching();
    this.#redis.disconnect();
  }
}
