import { randomUUID } from "node:crypto";
import { cp, rename, rm } from "node:fs/promises";
import { eventually } from "@mib/testkit/eventually";
import { servers } from "@mib/testkit/servers";
import kafkajs, { type Consumer, type KafkaMessage } from "kafkajs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { parseE9 } from "./decimal.ts";
import { FeedSession } from "./feed-session.ts";
import { parseNanos } from "./instant.ts";
import { BarInterval, DataSource, FLAG_SAMPLED, InstrumentClass, Side } from "./messages.generated.ts";
import { startEngine, type EngineProcess } from "./testing/engine-process.ts";

const TOPICS = ["market.quotes.v1", "market.trades.v1", "market.bars.v1", "market.bars.current.v1"];
const START = parseNanos("2024-08-08T12:00:00Z");
const SECOND = 1_000_000_000n;

interface Received {
  topic: string;
  partition: number;
  key: string;
  value: any;
  headers: Record<string, string>;
}

const prefix = `engine-test-${randomUUID()}-`;
const received: Received[] = [];
let kafka: kafkajs.Kafka;
let consumer: Consumer;
let engine: EngineProcess;
let session: FeedSession;

beforeAll(async () => {
  kafka = new kafkajs.Kafka({ brokers: servers.kafkaBrokers, logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.createTopics({
    topics: TOPICS.map((topic) => ({ topic: prefix + topic, numPartitions: 8 })),
    waitForLeaders: true,
  });
  await admin.disconnect();
  consumer = kafka.consumer({ groupId: prefix });
  await consumer.connect();
  await consumer.subscribe({ topics: TOPICS.map((topic) => prefix + topic), fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic, partition, message }) => void received.push(decode(topic, partition, message)),
  });
});

afterEach(async () => {
  await session.close();
  await engine.stop();
  received.length = 0;
});

afterAll(async () => {
  await consumer.disconnect();
  const admin = kafka.admin();
  await admin.deleteTopics({ topics: TOPICS.map((topic) => prefix + topic) });
  await admin.disconnect();
});

function decode(topic: string, partition: number, message: KafkaMessage): Received {
  const headers = Object.fromEntries(Object.entries(message.headers ?? {}).map(([key, value]) => [key, String(value)]));
  return {
    topic: topic.slice(prefix.length),
    partition,
    key: String(message.key),
    value: JSON.parse(String(message.value)),
    headers,
  };
}

const of = (topic: string) => received.filter((each) => each.topic === topic);

async function start(name: string, env: Record<string, string> = {}): Promise<number[]> {
  engine = await startEngine({
    env: { KAFKA_BROKERS: servers.kafkaBrokers.join(","), ENGINE_TOPIC_PREFIX: prefix, ...env },
  });
  session = new FeedSession({ address: engine.address, session: name, feed: "test", source: DataSource.SIMULATED });
  await session.start();
  return ["BTCUSDT", "ETHUSDT", "SOLUSDT"].map((symbol) =>
    session.defineInstrument({
      symbol,
      name: symbol,
      venue: "TEST",
      venueSymbol: symbol,
      class: InstrumentClass.CRYPTO,
      source: DataSource.SIMULATED,
    }),
  );
}

function trade(instrumentId: number, id: number, at: number, price = "100.50", flags = 0): void {
  session.trade({
    instrumentId,
    flags,
    tsEventNanos: START + BigInt(at) * SECOND,
    tradeId: BigInt(id),
    priceE9: parseE9(price),
    sizeE9: parseE9("0.25"),
    side: Side.SELL,
  });
}

test("each topic carries the objects of streams.graphql with their positions", async () => {
  const [btc, eth] = (await start("objects")) as [number, number];
  trade(btc, 7, 1, "100.50", FLAG_SAMPLED);
  trade(btc, 8, 61, "101");
  session.quote({
    instrumentId: btc,
    tsEventNanos: START,
    bidPriceE9: parseE9("100"),
    bidSizeE9: parseE9("1"),
    askPriceE9: parseE9("100.5"),
    askSizeE9: 0n,
  });
  session.bar({
    instrumentId: eth,
    interval: BarInterval.M1,
    openedAtNanos: START,
    openE9: 5n,
    highE9: 7n,
    lowE9: 4n,
    closeE9: 6n,
    volumeE9: 0n,
    notionalE18: 0n,
    tradeCount: 0,
  });
  await eventually(
    () =>
      expect([of("market.trades.v1").length, of("market.quotes.v1").length, of("market.bars.v1").length]).toEqual([
        2, 1, 3,
      ]),
    { deadlineMs: 20_000 },
  );

  const [first] = of("market.trades.v1");
  expect(first).toMatchObject({
    key: "BTCUSDT",
    value: {
      instrument: { symbol: "BTCUSDT" },
      id: "7",
      price: "100.5",
      size: "0.25",
      side: "SELL",
      at: "2024-08-08T12:00:01Z",
    },
  });
  expect(first?.headers).toMatchObject({ channel: "BTCUSDT", ordinal: "0", "schema-version": "1" });
  expect(first?.headers.epoch).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  expect(first?.headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(of("market.trades.v1")[1]?.headers.traceparent).toBeUndefined();

  expect(of("market.quotes.v1")[0]?.value).toEqual({
    instrument: { symbol: "BTCUSDT" },
    bidPrice: "100",
    bidSize: "1",
    askPrice: "100.5",
    askSize: "0",
    at: "2024-08-08T12:00:00Z",
    stale: false,
  });

  const bars = of("market.bars.v1");
  const minute = bars.find((each) => each.headers.channel === "BTCUSDT/M1");
  expect(minute?.value).toEqual({
    instrument: { symbol: "BTCUSDT" },
    interval: "M1",
    openedAt: "2024-08-08T12:00:00Z",
    open: "100.5",
    high: "100.5",
    low: "100.5",
    close: "100.5",
    volume: "0.25",
    vwap: "100.5",
    tradeCount: 1,
    final: true,
    revision: 0,
  });
  expect(minute?.headers.origin).toBeUndefined();
  const past = bars.find((each) => each.headers.channel === "ETHUSDT/M1");
  expect(past?.headers.origin).toBe("backfill");
  expect(past?.value).toMatchObject({ close: "0.000000006", vwap: null });
  await eventually(
    () => expect(of("market.bars.current.v1").map((each) => each.headers.channel)).toContain("BTCUSDT/D1"),
    { deadlineMs: 10_000 },
  );
});

test("the partition of a symbol is the one that kafkajs would choose", async () => {
  const [btc, eth, sol] = (await start("partitions")) as [number, number, number];
  for (const [at, instrument] of [btc, eth, sol].entries()) trade(instrument, at + 1, 1);
  await eventually(() => expect(of("market.trades.v1")).toHaveLength(3), { deadlineMs: 20_000 });
  const metadata = Array.from({ length: 8 }, (_, partitionId) => ({
    partitionId,
    leader: 0,
    partitionErrorCode: 0,
    replicas: [],
    isr: [],
  }));
  const choose = kafkajs.Partitioners.DefaultPartitioner();
  for (const { key, partition } of of("market.trades.v1")) {
    expect(partition).toBe(choose({ topic: "any", partitionMetadata: metadata, message: { key, value: "" } }));
  }
});

test("killed again and again while it publishes, the engine publishes every trade once and in order", async () => {
  const instruments = await start("killed", {
    ENGINE_JOURNAL_SEGMENT_BYTES: String(1 << 20),
    ENGINE_JOURNAL_BYTES_MAX: String(4 << 20),
  });
  let id = 0;
  const count = 24_000;
  for (let round = 0; round < 4; round++) {
    for (let at = 0; at < count / 4; at++) {
      id++;
      trade(instruments[id % 3]!, id, Math.floor(id / 50));
    }
    await eventually(() => expect(of("market.trades.v1").length).toBeGreaterThan(round * 3_000), {
      deadlineMs: 30_000,
    });
    await engine.kill();
    await engine.restart();
  }
  await session.flush();
  const positionOf = ({ headers }: Received) => BigInt(headers.sequence!) * 1_000_000n + BigInt(headers.ordinal!);
  await eventually(() => expect(new Set(of("market.trades.v1").map((each) => each.value.id)).size).toBe(count), {
    deadlineMs: 60_000,
  });
  for (const topic of ["market.trades.v1", "market.bars.v1"]) {
    const last = new Map<string, bigint>();
    for (const each of of(topic)) {
      const position = positionOf(each);
      expect(position > (last.get(each.headers.channel!) ?? -1n), `${topic} ${each.headers.channel} ${position}`).toBe(
        true,
      );
      last.set(each.headers.channel!, position);
    }
  }
  expect(of("market.trades.v1")).toHaveLength(count);
  const finals = of("market.bars.v1").map(
    (each) => `${each.headers.channel} ${each.value.openedAt} ${each.value.revision}`,
  );
  expect(new Set(finals).size).toBe(finals.length);
  await eventually(async () => expect(await engine.metric("engine_publish_lag_records")).toBe(0), {
    deadlineMs: 20_000,
  });
});

test("when more comes than Kafka takes at once, publishing goes on from the journal, in order and without repeats", async () => {
  const instruments = await start("flood", { ENGINE_PUBLISH_QUEUE_MAX: "500" });
  const count = 120_000;
  trade(instruments[1]!, 1, 0);
  await eventually(() => expect(of("market.trades.v1")).toHaveLength(1), { deadlineMs: 20_000 });
  for (let id = 2; id <= count; id++) {
    trade(instruments[id % 3]!, id, 0);
    if (session.full || id % 20_000 === 0) await session.room();
  }
  await session.flush();
  await eventually(() => expect(of("market.trades.v1").length).toBeGreaterThanOrEqual(count), { deadlineMs: 60_000 });
  const last = new Map<string, number>();
  for (const { key, value } of of("market.trades.v1")) {
    if (Number(value.id) !== (last.get(key) ?? Number(value.id) - 3) + 3)
      throw new Error(`${key}: ${value.id} after ${last.get(key)}`);
    last.set(key, Number(value.id));
  }
  expect(of("market.trades.v1")).toHaveLength(count);
  expect(await engine.metric("engine_publish_catch_ups_total")).toBeGreaterThan(1);
});

test("an engine whose journal lost what Kafka has begins a new epoch and says so", async () => {
  const [btc] = (await start("lost")) as [number];
  await session.flush();
  await engine.kill();
  const copy = `${engine.dataDir}-copy`;
  await cp(engine.dataDir, copy, { recursive: true, filter: (path) => !path.endsWith(".sock") });
  await engine.restart();
  trade(btc, 1, 1);
  await eventually(() => expect(of("market.trades.v1")).toHaveLength(1), { deadlineMs: 20_000 });
  await engine.kill();
  await rm(engine.dataDir, { recursive: true });
  await rename(copy, engine.dataDir);
  await engine.restart();
  await eventually(async () => expect(await engine.metric("engine_new_epochs_total")).toBe(1), { deadlineMs: 20_000 });
  expect(engine.output()).toContain("a new epoch begins");
  await session.close({ timeoutMs: 0 });
  session = new FeedSession({ address: engine.address, session: "after", feed: "test", source: DataSource.SIMULATED });
  await session.start();
  const again = session.defineInstrument({
    symbol: "BTCUSDT",
    name: "BTCUSDT",
    venue: "TEST",
    venueSymbol: "BTCUSDT",
    class: InstrumentClass.CRYPTO,
    source: DataSource.SIMULATED,
  });
  trade(again, 2, 2);
  await eventually(() => expect(of("market.trades.v1")).toHaveLength(2), { deadlineMs: 20_000 });
  const [before, after] = of("market.trades.v1").map((each) => each.headers.epoch);
  expect(after).not.toBe(before);
});

test("quotes are conflated: the first at once, the newest at last", async () => {
  const [btc] = (await start("quotes", { ENGINE_QUOTE_INTERVAL_MS: "200" })) as [number];
  for (let at = 1; at <= 5_000; at++) {
    session.quote({
      instrumentId: btc,
      tsEventNanos: START + BigInt(at),
      bidPriceE9: BigInt(at),
      bidSizeE9: 1n,
      askPriceE9: BigInt(at) + 1n,
      askSizeE9: 1n,
    });
  }
  await eventually(() => expect(of("market.quotes.v1").at(-1)?.value.bidPrice).toBe("0.000005"), {
    deadlineMs: 20_000,
  });
  expect(of("market.quotes.v1").length).toBeLessThan(50);
});

test("without a broker the engine takes everything, and says how far publishing is behind", async () => {
  const [btc] = (await start("outage", { KAFKA_BROKERS: "127.0.0.1:1" })) as [number];
  for (let id = 1; id <= 10_000; id++) trade(btc, id, id);
  await session.flush();
  expect(await engine.metric("engine_publish_lag_records")).toBeGreaterThanOrEqual(10_000);
  expect(await engine.metric("engine_kafka_connected")).toBe(0);
  const ready = await fetch(`${engine.adminUrl}/ready`);
  expect(ready.status).toBe(200);
  expect(await ready.json()).toMatchObject({ checks: { publish: { detail: { connected: false } } } });
});
