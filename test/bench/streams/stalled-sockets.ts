import { setTimeout as sleep } from "node:timers/promises";
import type { BenchRow } from "../bench-result.ts";
import { percentile } from "../percentiles.ts";
import { OURS, startServer } from "./competitors.ts";
import { preciseNow, publishedAt, Publisher } from "./publisher.ts";
import type { StreamsBench } from "./streams-bench.ts";
import { subscribedSocket, subscribedSockets } from "./subscribed-socket.ts";

/** Each of the stalled ones asks for so much that what the kernel keeps for a socket is soon full. */
const SUBSCRIPTIONS_STALLED = 100;
const EVENTS_PER_SECOND = 10;
/** While the sockets fill up. */
const FILLING_EVENTS_PER_SECOND = 50;
const FILLING_SECONDS_MAX = 30;

/** One socket in a hundred stops reading: what that does to the others, and what it costs. */
export async function stalledSockets({ topic, redisUrl, quick }: StreamsBench): Promise<BenchRow[]> {
  const count = quick ? 100 : 1_000;
  const seconds = quick ? 1 : 8;
  const stalledCount = count / 100;
  const server = await startServer(OURS, { topic, redisUrl });
  const publisher = await Publisher.connect({ redisUrl, topic });
  try {
    let received = 0;
    let latencies: number[] = [];
    const sockets = await subscribedSockets(count - stalledCount, () =>
      subscribedSocket(server.url, (data) => {
        received += 1;
        if (received % 16 === 0) latencies.push(preciseNow() - publishedAt(data));
      }),
    );
    const stalled = await subscribedSockets(stalledCount, () =>
      subscribedSocket(server.url, () => (received += 1), { subscriptions: SUBSCRIPTIONS_STALLED }),
    );
    const p99 = async () => {
      latencies = [];
      await publisher.publishFor(seconds, EVENTS_PER_SECOND);
      await sleep(500);
      return percentile(latencies, 0.99);
    };
    await publisher.untilAllHear(sockets.length + stalledCount * SUBSCRIPTIONS_STALLED, () => received);
    await publisher.publishFor(seconds / 2, EVENTS_PER_SECOND);
    const without = await p99();
    for (const socket of stalled) socket.pause();
    const subscriptionsStalled = stalledCount * SUBSCRIPTIONS_STALLED;
    for (let second = 0; (await server.metric("router_stream_fallen_behind_total")) < subscriptionsStalled; second++) {
      if (second === FILLING_SECONDS_MAX) throw new Error("the stalled sockets are not full");
      await publisher.publishFor(1, FILLING_EVENTS_PER_SECOND);
    }
    await sleep(1_000);
    const withStalled = await p99();
    const backlog = await server.metric("router_subscriptions_backlog_bytes");
    for (const socket of [...sockets, ...stalled]) socket.terminate();
    const condition = `sockets-${count}`;
    return [
      { id: `streams.latency-p99.none-stalled.${condition}`, value: without, unit: "ms" },
      { id: `streams.latency-p99.one-percent-stalled.${condition}`, value: withStalled, unit: "ms" },
      { id: `streams.stalled-memory.${condition}`, value: backlog / stalledCount / 1_024, unit: "KB" },
    ];
  } finally {
    publisher.close();
    await server.stop();
  }
}
