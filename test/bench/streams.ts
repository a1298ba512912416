import { spawn } from "node:child_process";
import type { BenchOptions, BenchResult, BenchRow } from "./bench-result.ts";
import { benchRedis } from "./streams/bench-redis.ts";
import { deliveryCost } from "./streams/delivery-cost.ts";
import { idleMemory } from "./streams/idle-memory.ts";
import { massReconnect } from "./streams/mass-reconnect.ts";
import { stalledSockets } from "./streams/stalled-sockets.ts";
import type { StreamsBench } from "./streams/streams-bench.ts";
import { supergraphSwaps } from "./streams/supergraph-swaps.ts";

export const name = "streams";

const OTHERS_CORE = 1;

const PARTS: Readonly<Record<string, (bench: StreamsBench) => Promise<BenchRow[]>>> = {
  deliveries: (bench) => deliveryCost(bench, "KAFKA"),
  "redis-stream": (bench) => deliveryCost(bench, "REDIS"),
  idle: idleMemory,
  stalled: stalledSockets,
  reconnect: massReconnect,
  swaps: supergraphSwaps,
};

/**
 * Our router's streams, beside graphql-ws on ws where that can do the same. Servers get the same events from the same Redis,
 * one process each on a core of its own; the clients and the publisher are on another. Words choose parts, without any all run.
 */
export async function run({ quick, args }: BenchOptions): Promise<BenchResult> {
  const unknown = args.filter((word) => !Object.hasOwn(PARTS, word));
  if (unknown.length > 0) throw new Error(`no part ${unknown.join(", ")}: there are ${Object.keys(PARTS).join(", ")}`);
  const redis = await benchRedis();
  try {
    pinSelf();
    const rows: BenchRow[] = [];
    for (const part of args.length > 0 ? args : Object.keys(PARTS))
      rows.push(...(await PARTS[part]!({ topic: `bench-${part}-${process.pid}`, redisUrl: redis.url, quick })));
    return { rows };
  } finally {
    await redis.stop();
  }
}

/** This process, with the publisher and all clients, on the core that is not the measured one. */
function pinSelf(): void {
  spawn("taskset", ["-a", "-p", "-c", String(OTHERS_CORE), String(process.pid)], { stdio: "ignore" }).on(
    "error",
    () => {},
  );
}
