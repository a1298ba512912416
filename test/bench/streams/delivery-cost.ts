import { setTimeout as sleep } from "node:timers/promises";
import type { BenchRow } from "../bench-result.ts";
import { percentile } from "../percentiles.ts";
import { OURS, startServer, STOCK, type RunningServer } from "./competitors.ts";
import { preciseNow, publishedAt, Publisher } from "./publisher.ts";
import type { StreamsBench } from "./streams-bench.ts";
import { subscribedSocket, subscribedSockets } from "./subscribed-socket.ts";

interface Effort {
  sockets: number;
  eventsPerSecond: number;
  rounds: number;
  warmUpSeconds: number;
  measuredSeconds: number;
}
const FULL: Effort = { sockets: 1_000, eventsPerSecond: 10, rounds: 3, warmUpSeconds: 3, measuredSeconds: 8 };
const QUICK: Effort = { sockets: 50, eventsPerSecond: 20, rounds: 1, warmUpSeconds: 0.5, measuredSeconds: 1 };

interface Measured {
  cpuMsPer1000: number;
  p50: number;
  p99: number;
  rssMegabytes: number;
}

/** Events of one channel to many sockets: processor time, latency and memory of both servers, in rounds that take turns. */
export async function deliveryCost({ topic, redisUrl, quick }: StreamsBench): Promise<BenchRow[]> {
  const effort = quick ? QUICK : FULL;
  const servers: RunningServer[] = [];
  const rounds = new Map<string, Measured[]>();
  try {
    for (const competitor of [OURS, STOCK] as const) servers.push(await startServer(competitor, topic, redisUrl));
    for (let round = 0; round < effort.rounds; round++) {
      for (const server of servers) {
        const { name } = server.process;
        rounds.set(name, [...(rounds.get(name) ?? []), await measure(server, topic, redisUrl, effort)]);
      }
    }
    return rowsOf(rounds, effort);
  } finally {
    await Promise.all(servers.map((each) => each.stop()));
  }
}

async function measure(
  { url, process: measured }: RunningServer,
  topic: string,
  redisUrl: string,
  { sockets: count, eventsPerSecond, warmUpSeconds, measuredSeconds }: Effort,
): Promise<Measured> {
  const publisher = await Publisher.connect(redisUrl, topic);
  let received = 0;
  let measuring = false;
  const latencies: number[] = [];
  const onEvent = (data: Buffer) => {
    received += 1;
    // One event in sixteen is read: reading all of them would load the clients' core more than the server's.
    if (measuring && received % 16 === 0) latencies.push(preciseNow() - publishedAt(data));
  };
  const sockets = await subscribedSockets(count, () => subscribedSocket(url, onEvent));
  await publisher.untilAllHear(count, () => received);
  await publisher.publishFor(warmUpSeconds, eventsPerSecond);
  await sleep(300);
  const [cpuBefore, receivedBefore] = [measured.cpuMs(), received];
  measuring = true;
  await publisher.publishFor(measuredSeconds, eventsPerSecond);
  await sleep(300);
  measuring = false;
  const deliveries = received - receivedBefore;
  const cpuMs = measured.cpuMs() - cpuBefore;
  const rssMegabytes = measured.rssMegabytes();
  for (const socket of sockets) socket.terminate();
  publisher.close();
  await sleep(500);
  return {
    cpuMsPer1000: (cpuMs / deliveries) * 1_000,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    rssMegabytes,
  };
}

function rowsOf(rounds: Map<string, Measured[]>, { sockets }: Effort): BenchRow[] {
  const condition = `sockets-${sockets}`;
  const median = (competitor: string, figure: keyof Measured) =>
    percentile(
      rounds.get(competitor)!.map((each) => each[figure]),
      0.5,
    );
  const rows: BenchRow[] = [];
  for (const competitor of rounds.keys()) {
    const peer = competitor === OURS ? {} : { peer: competitor };
    rows.push({
      id: `streams.cpu.${condition}`,
      value: median(competitor, "cpuMsPer1000"),
      unit: "CPU-ms/1000",
      ...peer,
    });
    rows.push({ id: `streams.latency-p50.${condition}`, value: median(competitor, "p50"), unit: "ms", ...peer });
    rows.push({ id: `streams.latency-p99.${condition}`, value: median(competitor, "p99"), unit: "ms", ...peer });
    rows.push({ id: `streams.rss.${condition}`, value: median(competitor, "rssMegabytes"), unit: "MB", ...peer });
  }
  rows.push({
    id: `streams.cpu-ratio.${condition}`,
    value: median(STOCK, "cpuMsPer1000") / median(OURS, "cpuMsPer1000"),
    unit: "ratio",
    peer: STOCK,
  });
  return rows;
}
