import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { simulatedUniverse } from "../../feeds/src/simulator/instruments.ts";
import { readRuns } from "../../scripts/local/run-file.mjs";
import { startStack } from "../e2e/stack.ts";
import type { BenchOptions, BenchResult, BenchRow } from "./bench-result.ts";
import { percentile } from "./percentiles.ts";
import { TradeSubscriber } from "./tick/trade-subscriber.ts";

export const name = "tick";

const RECORDS_PER_SECOND = 5_000;
const SUBSCRIBERS = [1, 100, 1_000];
const OPENED_AT_ONCE = 25;

/**
 * The way of a trade from the feed to client sockets, through engine, Kafka, relay, Redis and router of a stack of its own. The
 * market runs at 5 000 records a second over 200 instruments; each subscriber has a socket and one symbol.
 */
export async function run({ quick, args }: BenchOptions): Promise<BenchResult> {
  const rate = Number(args[0] ?? RECORDS_PER_SECOND);
  const [warmUpSeconds, measuredSeconds] = quick ? [2, 3] : [10, 30];
  const stack = await startStack({ args: ["--feed", "none"] });
  const [environment] = readRuns(stack.dataDir).map(({ feedEnvironment }) => feedEnvironment);
  const feeder = await startFeeder({ ...environment, RATE: String(rate) });
  const subscribers: TradeSubscriber[] = [];
  try {
    await delay(warmUpSeconds * 1_000);
    const rows: BenchRow[] = [];
    const notes: string[] = [];
    for (const count of SUBSCRIBERS) {
      await subscribe(stack.routerUrl, subscribers, count);
      await stack.subscriptions(count);
      await delay(warmUpSeconds * 500);
      const { latencies, missing } = await measure(subscribers, measuredSeconds);
      rows.push(...rowsOf(count, latencies, missing, measuredSeconds));
      notes.push(`${count} subscribers: ${latencies.length} deliveries in ${measuredSeconds} s`);
    }
    const fed = await feeder.stop();
    rows.push({ id: "tick.rate", value: Math.round(fed.records / fed.seconds), unit: "records/s" });
    return { rows, notes };
  } finally {
    for (const subscriber of subscribers) subscriber.close();
    feeder.kill();
    await stack.stop();
  }
}

/** Opens what is missing. The busiest symbols come first, so that a single subscriber has enough to measure. */
async function subscribe(url: string, subscribers: TradeSubscriber[], count: number): Promise<void> {
  const symbols = simulatedUniverse()
    .instruments.toSorted((a, b) => b.weight - a.weight)
    .map(({ definition }) => definition.symbol);
  while (subscribers.length < count) {
    const wanted = Array.from(
      { length: Math.min(OPENED_AT_ONCE, count - subscribers.length) },
      (_, at) => subscribers.length + at,
    );
    subscribers.push(
      ...(await Promise.all(wanted.map((number) => TradeSubscriber.open(url, symbols[number % symbols.length]!)))),
    );
  }
}

/** Trades of an instrument are numbered without holes: a jump is one that did not arrive, a step back one that came twice. */
async function measure(
  subscribers: readonly TradeSubscriber[],
  seconds: number,
): Promise<{ latencies: number[]; missing: number }> {
  const latencies: number[] = [];
  let missing = 0;
  for (const subscriber of subscribers) {
    let last: bigint | null = null;
    subscriber.onDelivery = ({ id, latencyMs }) => {
      latencies.push(latencyMs);
      if (last !== null && id !== last + 1n) missing += 1;
      last = id;
    };
  }
  await delay(seconds * 1_000);
  for (const subscriber of subscribers) subscriber.onDelivery = null;
  return { latencies, missing };
}

function rowsOf(subscribers: number, latencies: number[], missing: number, seconds: number): BenchRow[] {
  const condition = `subscribers-${subscribers}`;
  const rows = [0.5, 0.99, 0.999].map((q) => ({
    id: `tick.latency-p${q * 100}.${condition}`,
    value: percentile(latencies, q),
    unit: "ms",
  }));
  return [
    ...rows,
    { id: `tick.deliveries.${condition}`, value: Math.round(latencies.length / seconds), unit: "deliveries/s" },
    { id: `tick.holes.${condition}`, value: missing, unit: "holes or repeats" },
  ];
}

interface Feeder {
  /** Ends the market and tells what it wrote. */
  stop(): Promise<{ records: number; seconds: number }>;
  kill(): void;
}

async function startFeeder(environment: Record<string, string>): Promise<Feeder> {
  const child = spawn(process.execPath, [new URL("tick/feeder.ts", import.meta.url).pathname], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the feed of the benchmark ended with ${code}`);
  });
  const line = () => Promise.race([once(lines, "line").then(([text]) => String(text)), ended]);
  ended.catch(() => {});
  await line();
  return {
    async stop() {
      const told = line();
      child.kill("SIGTERM");
      return JSON.parse(await told) as { records: number; seconds: number };
    },
    kill: () => void child.kill("SIGKILL"),
  };
}
