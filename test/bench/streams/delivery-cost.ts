import { setTimeout as sleep } from "node:timers/promises";
import type { BenchRow } from "../bench-result.ts";
import type { StreamKind } from "../../../router/src/supergraph/streamed-directive.ts";
import { percentile } from "../percentiles.ts";
import { OURS, startServer, STOCK, type Competitor, type RunningServer } from "./competitors.ts";
import { ageQuantileMs } from "./event-age.ts";
import { preciseNow, publishedAt, Publisher } from "./publisher.ts";
import type { BenchTopic, StreamsBench } from "./streams-bench.ts";
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
/** At its full rate a server always has so many events before it that not all sockets have. */
const EVENTS_AHEAD = 16;

/** How events are sent: so many a second, as many as the sockets take, and half of those. */
const PACES = ["paced", "full-rate", "half-rate"] as const;
type Pace = (typeof PACES)[number];

interface Measured {
  cpuMsPer1000: number;
  deliveriesPerSecond: number;
  p50: number;
  p99: number;
  /** Ours only: of the events, when their bytes had been handed to the sockets. */
  ageP99: number | null;
  rssMegabytes: number;
}

/** Events of one channel, from a window or from a Redis stream, to many sockets: processor time, latency and memory of both servers, in rounds that take turns. */
export async function deliveryCost({ topic, redisUrl, quick }: StreamsBench, source: StreamKind): Promise<BenchRow[]> {
  const effort = quick ? QUICK : FULL;
  const benchTopic = { topic, redisUrl, source };
  const servers: RunningServer[] = [];
  const rounds = new Map<Competitor, Record<Pace, Measured>[]>([
    [OURS, []],
    [STOCK, []],
  ]);
  try {
    for (const competitor of rounds.keys()) servers.push(await startServer(competitor, benchTopic));
    for (let round = 0; round < effort.rounds; round++) {
      for (const server of servers) {
        const { name } = server.process;
        rounds.get(name as Competitor)!.push(await measure(server, benchTopic, effort));
      }
    }
    const prefix = source === "REDIS" ? "redis-stream." : "";
    return PACES.flatMap((pace) =>
      rowsOf(pace, rounds, `${prefix}${pace === "paced" ? "" : `${pace}.`}sockets-${effort.sockets}`),
    );
  } finally {
    await Promise.all(servers.map((each) => each.stop()));
  }
}

/** One round of one server: the same sockets at all paces. */
async function measure(
  { url, process: measured, eventAges }: RunningServer,
  benchTopic: BenchTopic,
  { sockets: count, eventsPerSecond, warmUpSeconds, measuredSeconds }: Effort,
): Promise<Record<Pace, Measured>> {
  const publisher = await Publisher.connect(benchTopic);
  let received = 0;
  let latencies: number[] = [];
  const onEvent = (data: Buffer) => {
    received += 1;
    // One event in sixteen is read: reading all of them would load the clients' core more than the server's.
    if (received % 16 === 0) latencies.push(preciseNow() - publishedAt(data));
  };
  const sockets = await subscribedSockets(count, () => subscribedSocket(url, onEvent));
  await publisher.untilAllHear(count, () => received);
  const whilePublishing = async (publish: (seconds: number) => Promise<void>): Promise<Measured> => {
    await publish(warmUpSeconds);
    await sleep(300);
    const isOurs = measured.name === OURS;
    const agesBefore = isOurs ? await eventAges() : [];
    const [cpuBefore, receivedBefore, since] = [measured.cpuMs(), received, performance.now()];
    latencies = [];
    await publish(measuredSeconds);
    const seconds = (performance.now() - since) / 1_000;
    await sleep(300);
    const deliveries = received - receivedBefore;
    const cpuMs = measured.cpuMs() - cpuBefore;
    return {
      cpuMsPer1000: (cpuMs / deliveries) * 1_000,
      deliveriesPerSecond: deliveries / seconds,
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      ageP99: isOurs ? ageQuantileMs(agesBefore, await eventAges(), 0.99) : null,
      rssMegabytes: measured.rssMegabytes(),
    };
  };
  const paced = await whilePublishing((seconds) => publisher.publishFor(seconds, eventsPerSecond));
  const fullRate = await whilePublishing((seconds) =>
    publisher.publishAhead(seconds, EVENTS_AHEAD, { subscriptions: count, received: () => received }),
  );
  const halfRate = await whilePublishing((seconds) =>
    publisher.publishFor(seconds, fullRate.deliveriesPerSecond / count / 2),
  );
  for (const socket of sockets) socket.terminate();
  publisher.close();
  await sleep(500);
  return { paced, "full-rate": fullRate, "half-rate": halfRate };
}

function rowsOf(
  pace: Pace,
  rounds: ReadonlyMap<Competitor, readonly Record<Pace, Measured>[]>,
  condition: string,
): BenchRow[] {
  const median = (competitor: Competitor, figure: keyof Measured) =>
    percentile(
      rounds.get(competitor)!.map((each) => each[pace][figure] ?? Number.NaN),
      0.5,
    );
  const rows: BenchRow[] = [];
  for (const competitor of rounds.keys()) {
    const row = (id: string, figure: keyof Measured, unit: string) =>
      rows.push({
        id: `streams.${id}.${condition}`,
        value: median(competitor, figure),
        unit,
        ...(competitor !== OURS && { peer: competitor }),
      });
    row("cpu", "cpuMsPer1000", "CPU-ms/1000");
    if (pace !== "paced") row("rate", "deliveriesPerSecond", "deliveries/s");
    row("latency-p50", "p50", "ms");
    row("latency-p99", "p99", "ms");
    if (competitor === OURS) row("age-p99", "ageP99", "ms");
    row("rss", "rssMegabytes", "MB");
  }
  rows.push({
    id: `streams.cpu-ratio.${condition}`,
    value: median(STOCK, "cpuMsPer1000") / median(OURS, "cpuMsPer1000"),
    unit: "ratio",
    peer: STOCK,
  });
  return rows;
}
