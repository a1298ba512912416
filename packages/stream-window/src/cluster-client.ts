import { Cluster, type RedisOptions } from "ioredis";

type ServerUrls = readonly [string, ...string[]];

/** For so long a server may take to say which slots are where; another one is asked then. */
const SLOTS_TIMEOUT_MS = 1_000;

/**
 * A client of Redis Cluster. `urls`: servers that are asked for the others; user, password and TLS of the first are
 * those of all. What can't be sent now fails now, but for what ioredis sends again by itself while slots move: whoever waits for an answer
 * sets a limit (`within`), since there is none while no server is known.
 */
export function createClusterClient(
  urls: ServerUrls,
  connection: RedisOptions,
  { lazyConnect = false, reconnect }: { lazyConnect?: boolean; reconnect: (attempt: number) => number },
): Cluster {
  return new Cluster([...urls], {
    redisOptions: { ...nodeOptions(urls), ...connection },
    clusterRetryStrategy: reconnect,
    enableOfflineQueue: false,
    scaleReads: "master",
    slotsRefreshTimeout: SLOTS_TIMEOUT_MS,
    lazyConnect,
  });
}

/** What each server of a cluster is connected to with: its other servers name no user and no password. */
export function nodeOptions([first]: ServerUrls): RedisOptions {
  const { protocol, username, password } = new URL(first);
  return {
    ...(username !== "" && { username: decodeURIComponent(username) }),
    ...(password !== "" && { password: decodeURIComponent(password) }),
    ...(protocol === "rediss:" && { tls: {} }),
  };
}
