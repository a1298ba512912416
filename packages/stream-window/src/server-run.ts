import type { Cluster, Redis } from "ioredis";
import { isCluster } from "./library.ts";

/** What a cluster's servers are called together: each has runs of its own. */
export const CLUSTER_RUN = "cluster";

/** Names the run of a server: another one after each restart, and of each replica. */
export async function runOf(redis: Redis | Cluster): Promise<string> {
  return isCluster(redis) ? CLUSTER_RUN : runIn(await redis.info("server"));
}

/** The same from the answer to INFO. */
export function runIn(info: string): string {
  const run = /^run_id:(\w+)/m.exec(info)?.[1];
  if (run === undefined) throw new Error("INFO of Redis does not say which run of the server this is");
  return run;
}
