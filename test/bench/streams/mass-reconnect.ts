import { setTimeout as sleep } from "node:timers/promises";
import type { LightWebSocket } from "./light-web-socket.ts";
import type { BenchRow } from "../bench-result.ts";
import { OURS, startServer } from "./competitors.ts";
import { Publisher } from "./publisher.ts";
import type { StreamsBench } from "./streams-bench.ts";
import { subscribedSocket, subscribedSockets } from "./subscribed-socket.ts";

const MISSED_EVENTS = 5;
const DEADLINE_MS = 60_000;
const RECOVERED_PART = 0.99;
const NEXT = `"type":"next"`;

/** All clients lose their sockets at once, miss some events, come back at once and go on: how long that takes. */
export async function massReconnect({ topic, redisUrl, quick }: StreamsBench): Promise<BenchRow[]> {
  const count = quick ? 200 : 10_000;
  const server = await startServer(OURS, { topic, redisUrl });
  const publisher = await Publisher.connect({ redisUrl, topic });
  try {
    const cursors: string[] = [];
    let received = 0;
    const sockets = await subscribedSockets(count, (index) =>
      subscribedSocket(
        server.url,
        (data) => {
          if (!data.includes(NEXT)) return;
          received += 1;
          cursors[index] = cursorIn(data) ?? cursors[index]!;
        },
        { stream: {} },
      ),
    );
    await publisher.untilAllHear(count, () => received);
    for (const socket of sockets) socket.terminate();
    for (let i = 0; i < MISSED_EVENTS; i++) await publisher.publish();
    const fetchesBefore = await server.metric("router_subgraph_fetches_total");

    const cpuBefore = server.process.cpuMs();
    const droppedAt = performance.now();
    const progress = { recovered: 0, wholeMs: Number.NaN };
    const again: LightWebSocket[] = await subscribedSockets(count, (index) => {
      let events = 0;
      const onMessage = (data: Buffer) => {
        if (!data.includes(NEXT) || ++events !== MISSED_EVENTS) return;
        progress.recovered += 1;
        if (progress.recovered === Math.ceil(count * RECOVERED_PART)) progress.wholeMs = performance.now() - droppedAt;
      };
      return subscribedSocket(server.url, onMessage, { stream: { after: cursors[index] } });
    });
    const subscribedMs = performance.now() - droppedAt;
    while (Number.isNaN(progress.wholeMs) && performance.now() - droppedAt < DEADLINE_MS) await sleep(20);
    const cpuMs = server.process.cpuMs() - cpuBefore;
    const fetches = (await server.metric("router_subgraph_fetches_total")) - fetchesBefore;
    for (const socket of again) socket.terminate();
    return [
      { id: `streams.reconnected.clients-${count}`, value: subscribedMs / 1_000, unit: "s" },
      { id: `streams.recovery-cpu.clients-${count}`, value: cpuMs / count, unit: "CPU-ms/client" },
      { id: `streams.recovered-p99.clients-${count}`, value: progress.wholeMs / 1_000, unit: "s" },
      { id: `streams.recovery-fetches.clients-${count}`, value: fetches, unit: "requests" },
    ];
  } finally {
    publisher.close();
    await server.stop();
  }
}

function cursorIn(data: Buffer): string | null {
  return /"cursor":"([^"]+)"/.exec(data.toString("latin1"))?.[1] ?? null;
}
