import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { appendEvents, loadAppendFunction } from "@mib/stream-window/append-function";
import { Redis } from "ioredis";
import { WebSocket } from "ws";
import { composeSupergraph } from "../../router/src/supergraph/compose-supergraph.ts";
import type { BenchOptions, BenchResult, BenchRow } from "./bench-result.ts";
import { freePort, MeasuredProcess } from "./gateway/measured-process.ts";
import { percentile } from "./percentiles.ts";
import { benchRedis } from "./streams/bench-redis.ts";

export const name = "streams";

const ROUTER_CORE = 0;
const OTHERS_CORE = 1;
const PAYLOAD_BYTES = 200;

interface Effort {
  sockets: number;
  eventsPerSecond: number;
  rounds: number;
  warmUpSeconds: number;
  measuredSeconds: number;
}
const FULL: Effort = { sockets: 1_000, eventsPerSecond: 10, rounds: 3, warmUpSeconds: 3, measuredSeconds: 8 };
const QUICK: Effort = { sockets: 50, eventsPerSecond: 20, rounds: 1, warmUpSeconds: 0.5, measuredSeconds: 1 };

const OURS = "router";
const STOCK = "graphql-ws + ws + graphql-js";

interface Measured {
  cpuMsPer1000: number;
  p50: number;
  p99: number;
  rssMegabytes: number;
}

/**
 * Events of one channel to many sockets: our router beside graphql-ws on ws, which executes once per subscriber. Both get
 * the same events from the same Redis, one process each on a core of its own; the clients and the publisher are on another.
 */
export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  const effort = quick ? QUICK : FULL;
  const redis = await benchRedis();
  const folder = mkdtempSync(join(tmpdir(), "bench-streams-"));
  const processes: MeasuredProcess[] = [];
  try {
    pinSelf();
    const topic = `bench-${process.pid}`;
    const urls = new Map<string, { url: string; process: MeasuredProcess }>();
    for (const [competitor, command, environment] of competitors(folder, topic, redis.url)) {
      const port = await freePort();
      const started = new MeasuredProcess(
        competitor,
        command,
        { ...environment, PORT: String(port), LOG_LEVEL: "error" },
        ROUTER_CORE,
      );
      processes.push(started);
      urls.set(competitor, { url: `ws://127.0.0.1:${port}/graphql`, process: started });
      await started.ready(async () => (await connect(`ws://127.0.0.1:${port}/graphql`, () => {})).terminate());
    }
    const rounds = new Map<string, Measured[]>([
      [OURS, []],
      [STOCK, []],
    ]);
    for (let round = 0; round < effort.rounds; round++) {
      for (const [competitor, { url, process: measured }] of urls)
        rounds.get(competitor)!.push(await measure(url, measured, topic, redis.url, effort));
    }
    return { rows: rowsOf(rounds, effort) };
  } finally {
    await Promise.all(processes.map((each) => each.stop()));
    rmSync(folder, { recursive: true });
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

function competitors(folder: string, topic: string, redisUrl: string): [string, string[], Record<string, string>][] {
  const composition = composeSupergraph([
    { name: "ticks", routingUrl: "stream:", sdl: schemaOf(topic), file: "ticks" },
    { name: "base", routingUrl: "http://127.0.0.1:1/graphql", sdl: "type Query { nothing: String }", file: "base" },
  ]);
  if ("problems" in composition) throw new Error(composition.problems.join("; "));
  const supergraph = join(folder, "supergraph.graphql");
  writeFileSync(supergraph, composition.supergraphSdl);
  const config = join(folder, "router.yaml");
  writeFileSync(
    config,
    `supergraph:\n  file: ${supergraph}\nlisten:\n  port: \${PORT}\nstreams:\n  redis_url: ${redisUrl}\n`,
  );
  return [
    [OURS, [process.execPath, join(import.meta.dirname, "../../router/src/main.ts"), "--config", config], {}],
    [
      STOCK,
      [process.execPath, join(import.meta.dirname, "streams/stock-server.ts")],
      { REDIS_URL: redisUrl, TOPIC: topic },
    ],
  ];
}

const schemaOf = (topic: string): string => `
  extend schema
    @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@shareable", "@composeDirective"])
    @link(url: "https://specs.example.org/streamed/v1.0", import: ["@streamed"])
    @composeDirective(name: "@streamed")
  directive @streamed(topic: String!, channel: String! = "*", delivery: Delivery! = EVERY, snapshot: Snapshot! = NONE, filter: [String!]) on FIELD_DEFINITION
  enum Delivery { EVERY LATEST }
  enum Snapshot { LAST NONE }
  type Subscription { ticks(symbol: ID!): Tick! @streamed(topic: "${topic}", channel: "{args.symbol}") }
  type Tick { id: ID! price: String! size: String! at: String! note: String! }`;

/** A client that has subscribed: as light as it can be, and the same for both. */
async function connect(url: string, onEvent: (data: Buffer) => void): Promise<WebSocket> {
  const socket = new WebSocket(url, "graphql-transport-ws", { perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("open", () => socket.send(`{"type":"connection_init"}`));
    socket.once("message", () => {
      const payload = { query: `subscription { ticks(symbol: "S") { id price size at note } }` };
      socket.send(JSON.stringify({ id: crypto.randomUUID(), type: "subscribe", payload }));
      resolve();
    });
  });
  socket.on("message", (data) => onEvent(data as Buffer));
  return socket;
}

async function measure(
  url: string,
  measured: MeasuredProcess,
  topic: string,
  redisUrl: string,
  effort: Effort,
): Promise<Measured> {
  const redis = new Redis(redisUrl);
  await loadAppendFunction(redis);
  let received = 0;
  let measuring = false;
  const latencies: number[] = [];
  const onEvent = (data: Buffer) => {
    received += 1;
    // One event in sixteen is read: reading all of them would load the clients' core more than the server's.
    if (!measuring || received % 16 !== 0) return;
    const at = data.indexOf('"at":"') + 6;
    latencies.push(
      performance.timeOrigin + performance.now() - Number(data.toString("latin1", at, data.indexOf('"', at))),
    );
  };
  const sockets: WebSocket[] = [];
  for (let i = 0; i < effort.sockets; i++) sockets.push(await connect(url, onEvent));
  let sequence = Date.now() * 1_000;
  const publish = async () => {
    sequence += 1;
    const at = String(performance.timeOrigin + performance.now());
    const tick = { id: String(sequence), price: "64250.1", size: "0.5", at, note: "" };
    tick.note = "n".repeat(Math.max(0, PAYLOAD_BYTES - JSON.stringify({ data: { ticks: tick } }).length));
    const event = {
      topic,
      channel: "S",
      epoch: "bench",
      id: `${sequence}-0`,
      brokerTimeMs: Date.now(),
      traceparent: null,
      value: JSON.stringify(tick),
    };
    await appendEvents(redis, [event], {
      limits: { entriesMax: 1_000, bytesMax: 10_000_000, ageMsMax: 60_000 },
      publish: "PUBLISH",
    });
  };
  const publishFor = async (seconds: number) => {
    const end = performance.now() + seconds * 1_000;
    let due = performance.now();
    while (performance.now() < end) {
      await publish();
      due += 1_000 / effort.eventsPerSecond;
      await sleep(Math.max(0, due - performance.now()));
    }
  };
  // Subscriptions are there when an event reaches all of them.
  for (let start = 0; received - start < effort.sockets;) {
    start = received;
    await publish();
    await sleep(200);
  }
  await publishFor(effort.warmUpSeconds);
  await sleep(300);
  const [cpuBefore, receivedBefore] = [measured.cpuMs(), received];
  measuring = true;
  await publishFor(effort.measuredSeconds);
  await sleep(300);
  measuring = false;
  const deliveries = received - receivedBefore;
  const cpuMs = measured.cpuMs() - cpuBefore;
  const rssMegabytes = measured.rssMegabytes();
  for (const socket of sockets) socket.terminate();
  redis.disconnect();
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
