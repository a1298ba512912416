import { Redis } from "ioredis";
import type { TestChannel } from "./channels.ts";
import type { PublishingWay } from "./way.ts";

/** Far more than any subscriber is behind: what a stream has lost, faults have taken. */
const ENTRIES_MAX = 50_000;

/** The stream of a channel, as `redis_streams.key` names it by default. */
export const streamKey = ({ topic, name }: TestChannel): string => `${topic}:${name}`;

/**
 * By XADD, as a service does that has no Kafka. It gives the ids itself, so that what is sent again is not there twice, and when Redis was
 * away it looks whether that came back with less than it had, and adds the rest again. What is gone as a whole is not: it goes on.
 */
export function redisWay(url: string): PublishingWay {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: 5_000,
    retryStrategy: () => 100,
  });
  redis.on("error", () => {}); // each command fails with it, too
  let connections = 0;
  redis.on("ready", () => (connections += 1));
  /** The connection on which a stream was last found to have all. */
  const found = new Map<string, number>();

  async function firstMissing(key: string, first: number): Promise<number> {
    if (found.get(key) === connections) return first;
    const connection = connections;
    const [entry] = await redis.xrevrange(key, "+", "-", "COUNT", 1);
    if (connection !== connections) throw new Error("Redis was away");
    found.set(key, connection);
    return entry === undefined ? first : Math.min(first, numberOf(entry[0]) + 1);
  }

  return {
    async send(channel, first, count) {
      const key = streamKey(channel);
      const from = await firstMissing(key, first);
      const pipeline = redis.pipeline();
      for (let n = from; n < first + count; n++)
        pipeline.xadd(key, "MAXLEN", "~", ENTRIES_MAX, `${n}-0`, "value", channel.record(n).value);
      for (const [error] of (await pipeline.exec()) ?? []) {
        // Greater ones are there: it arrived before.
        if (error && !error.message.includes("equal or smaller")) {
          found.delete(key);
          throw error;
        }
      }
    },
    repeats: false,
    mayLose: true,
    async stop() {
      await redis.quit().catch(() => redis.disconnect());
    },
  };
}

const numberOf = (id: string): number => Number(id.slice(0, id.indexOf("-")));
