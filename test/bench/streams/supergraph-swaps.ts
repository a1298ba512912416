import { renameSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchRow } from "../bench-result.ts";
import { OURS, startServer, supergraphOf } from "./competitors.ts";
import { Publisher } from "./publisher.ts";
import type { StreamsBench } from "./streams-bench.ts";
import { subscribedSocket, subscribedSockets } from "./subscribed-socket.ts";

const SUBSCRIPTIONS_PER_SOCKET = 50;
const SWAP_MS_MAX = 10_000;

/** The supergraph is replaced again and again under open subscriptions that stay valid: how many of them end. */
export async function supergraphSwaps({ topic, redisUrl, quick }: StreamsBench): Promise<BenchRow[]> {
  const [swaps, subscriptions] = quick ? [3, 100] : [100, 5_000];
  const server = await startServer(OURS, { topic, redisUrl });
  const publisher = await Publisher.connect({ redisUrl, topic });
  try {
    let received = 0;
    let ended = 0;
    const onMessage = (data: Buffer) => {
      if (data.includes(`"type":"next"`)) received += 1;
      else if (data.includes(`"type":"error"`) || data.includes(`"type":"complete"`)) ended += 1;
    };
    const sockets = await subscribedSockets(subscriptions / SUBSCRIPTIONS_PER_SOCKET, () =>
      subscribedSocket(server.url, onMessage, { subscriptions: SUBSCRIPTIONS_PER_SOCKET }),
    );
    for (const socket of sockets) socket.onClose(() => (ended += SUBSCRIPTIONS_PER_SOCKET));
    await publisher.untilAllHear(subscriptions, () => received);
    const startedAt = performance.now();
    const before = await server.metric("router_reloads_total");
    for (let swap = 1; swap <= swaps; swap++) {
      const next = `${server.supergraphFile}.next`;
      writeFileSync(next, supergraphOf(topic, { generation: swap }));
      renameSync(next, server.supergraphFile);
      for (let waited = 0; (await server.metric("router_reloads_total")) < before + swap; waited += 50) {
        if (waited > SWAP_MS_MAX) throw new Error(`swap ${swap} was not taken into use`);
        await sleep(50);
      }
      if (swap % 10 === 0) await publisher.publish();
    }
    const seconds = (performance.now() - startedAt) / 1_000;
    await publisher.untilAllHear(subscriptions, () => received);
    const endedBySwaps = ended;
    for (const socket of sockets) socket.terminate();
    const condition = `swaps-${swaps}.subscriptions-${subscriptions}`;
    return [
      { id: `streams.ended.${condition}`, value: endedBySwaps, unit: "subscriptions" },
      { id: `streams.swap-time.${condition}`, value: (seconds * 1_000) / swaps, unit: "ms" },
    ];
  } finally {
    publisher.close();
    await server.stop();
  }
}
