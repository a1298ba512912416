import type { Urls } from "@mib/service/config";
import { createClusterClient, nodeOptions } from "@mib/stream-window/cluster-client";
import { COMMAND_TIMEOUT_MS } from "@mib/stream-window/end-when-silent";
import { Redis, type Cluster, type RedisOptions } from "ioredis";

/** The Redis of the configuration. */
export interface RedisAddress {
  /** Of a cluster one or more servers. */
  urls: Urls;
  isCluster: boolean;
}

const RECONNECT_MS_MAX = 1_000;

const reconnect = (attempt: number): number => Math.min(50 * attempt, RECONNECT_MS_MAX);

const streamOptions = (use: string): RedisOptions => ({
  lazyConnect: true,
  autoResubscribe: false,
  maxRetriesPerRequest: null,
  enableReadyCheck: true,
  connectTimeout: 2_000,
  retryStrategy: reconnect,
  connectionName: `mib-router-${use}`,
});

/** A connection of the router's streams that is made when `connect` is called, and again whenever it is lost. */
export function streamConnection(url: string, use: string, options: RedisOptions = {}): Redis {
  return new Redis(url, { ...streamOptions(use), ...options });
}

/** The same to one server of a cluster, `host:port`. */
export function nodeConnection(urls: Urls, node: string, use: string): Redis {
  const colon = node.lastIndexOf(":");
  const place = { host: node.slice(0, colon), port: Number(node.slice(colon + 1)) };
  return new Redis({ ...streamOptions(use), ...nodeOptions(urls), ...place });
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

/** The same to all servers of a cluster; each is connected to when it is first asked. */
export function clusterConnection(urls: Urls, use: string): Cluster {
  const options = { connectTimeout: 2_000, commandTimeout: COMMAND_TIMEOUT_MS, connectionName: `mib-router-${use}` };
  return createClusterClient(urls, options, { lazyConnect: true, reconnect });
}
