import type { BenchRow } from "../bench-result.ts";
import { OURS, startServer, STOCK } from "./competitors.ts";
import { Publisher } from "./publisher.ts";
import type { StreamsBench } from "./streams-bench.ts";
import { subscribedSocket, subscribedSockets } from "./subscribed-socket.ts";

/** Resident memory per subscription that waits for events, one on each socket, after garbage was collected. */
export async function idleMemory({ topic, redisUrl, quick }: StreamsBench): Promise<BenchRow[]> {
  const count = quick ? 500 : 10_000;
  const rows: BenchRow[] = [];
  for (const competitor of [OURS, STOCK] as const) {
    const server = await startServer(competitor, { topic, redisUrl });
    const publisher = await Publisher.connect({ redisUrl, topic });
    try {
      // What the first sockets bring to life belongs to no one of those that follow.
      for (const socket of await subscribedSockets(50, () => subscribedSocket(server.url, () => {})))
        socket.terminate();
      const before = await server.rssAfterGcMegabytes();
      let received = 0;
      const sockets = await subscribedSockets(count, () => subscribedSocket(server.url, () => (received += 1)));
      await publisher.untilAllHear(count, () => received);
      const after = await server.rssAfterGcMegabytes();
      rows.push({
        id: `streams.idle-memory.sockets-${count}`,
        value: ((after - before) * 1_024) / count,
        unit: "KB",
        ...(competitor !== OURS && { peer: competitor }),
      });
      for (const socket of sockets) socket.terminate();
    } finally {
      publisher.close();
      await server.stop();
    }
  }
  return rows;
}
