import { COMMAND_TIMEOUT_MS } from "@mib/stream-window/end-when-silent";
import { Redis, type RedisOptions } from "ioredis";

const RECONNECT_MS_MAX = 1_000;

/** A connection of the router's streams that is made when `connect` is called, and again whenever it is lost. */
export function streamConnection(url: string, use: string, options: RedisOptions = {}): Redis {
  return new Redis(url, {
    lazyConnect: true,
    autoResubscribe: false,
    maxRetriesPerRequest: null,
    enableReadyCheck: true,
    connectTimeout: 2_000,
    retryStrategy: (attempt: number) => Math.min(50 * attempt, RECONNECT_MS_MAX),
    connectionName: `mib-router-${use}`,
    ...options,
  });
}

/** What the connection can't carry now fails now: who asks decides when to try again. */
export const FAILS_AT_ONCE: RedisOptions = { enableOfflineQueue: false, maxRetriesPerRequest: 0 };

/** A connection for reads. */
export function readConnection(url: string, use: string): Redis {
  return streamConnection(url, use, {
    ...FAILS_AT_ONCE,
    enableAutoPipelining: true,
    commandTimeout: COMMAND_TIMEOUT_MS,
  });
}
