import { randomUUID } from "node:crypto";
import { eventually } from "@mib/testkit/eventually";
import { servers } from "@mib/testkit/servers";
import kafkajs, { type Consumer } from "kafkajs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EngineShards } from "./engine-shards.ts";
import { parseNanos } from "./instant.ts";
import { DataSource, InstrumentClass, MARKET_PARTITIONS } from "./messages.generated.ts";
import { partitionOf, shardOf } from "./shard.ts";
import { ShardedFeedSession } from "./sharded-feed-session.ts";
import { startEngine, type EngineProcess } from "./testing/engine-process.ts";

const TOPICS = ["market.quotes.v1", "market.trades.v1", "market.bars.v1", "market.bars.current.v1"];
const TRADES = "market.trades.v1";
const START = parseNanos("2024-08-08T12:00:00Z");
const SYMBOLS = Array.from({ length: 16 }, (_, number) => `S${number}USDT`);
const ROUNDS = 300;
/** By round: the engine that is killed after it, and the one that comes back. */
const KILLED = new Map([
  [80, 0],
  [200, 1],
]);
const RESTARTED = new Map([
  [140, 0],
  [260, 1],
]);

interface Received {
  key: string;
  partition: number;
  tradeId: string;
  position: string;
}

const prefix = `shards-test-${randomUUID()}-`;
const received: Received[] = [];
let admin: kafkajs.Admin;
let consumer: Consumer;
let engines: [EngineProcess, EngineProcess];

beforeAll(async () => {
  const kafka = new kafkajs.Kafka({ brokers: servers.kafkaBrokers, logLevel: kafkajs.logLevel.NOTHING });
  admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: TOPICS.map((topic) => ({ topic: prefix + topic, numPartitions: MARKET_PARTITIONS })),
    waitForLeaders: true,
  });
  consumer = kafka.consumer({ groupId: prefix });
  await consumer.connect();
  await consumer.subscribe({ topics: [prefix + TRADES], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      const header = (name: string) => String(message.headers?.[name]);
      received.push({
        key: String(message.key),
        partition,
        tradeId: JSON.parse(String(message.value)).id,
        position: `${header("epoch")} ${header("sequence")} ${header("ordinal")}`,
      });
    },
  });
  const env = { KAFKA_BROKERS: servers.kafkaBrokers.join(","), ENGINE_TOPIC_PREFIX: prefix };
  engines = (await Promise.all(
    ["0/2", "1/2"].map((shard) => startEngine({ env: { ...env, ENGINE_SHARD: shard } })),
  )) as [EngineProcess, EngineProcess];
});

afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.stop()));
  await consumer.disconnect();
  await admin.deleteTopics({ topics: TOPICS.map((topic) => prefix + topic) });
  await admin.disconnect();
});

test("what two engines are sent is in queries and in Kafka once, whichever is killed meanwhile", async () => {
  const addresses = engines.map(({ address }) => address);
  const session = new ShardedFeedSession({ addresses, session: "feed", feed: "test", source: DataSource.SIMULATED });
  await session.start();
  const instruments = SYMBOLS.map((symbol) =>
    session.defineInstrument({
      symbol,
      name: symbol,
      venue: "TEST",
      venueSymbol: symbol,
      class: InstrumentClass.CRYPTO,
      source: DataSource.SIMULATED,
    }),
  );
  const symbolsOf = (shard: number) => SYMBOLS.filter((symbol) => shardOf(symbol, 2) === shard);
  const ofShard = (shard: number) => received.filter(({ partition }) => partition % 2 === shard).length;
  for (let round = 1; round <= ROUNDS; round++) {
    for (const instrumentId of instruments)
      session.trade({
        instrumentId,
        tsEventNanos: START + BigInt(round) * 1_000_000n,
        tradeId: BigInt(round),
        priceE9: 1_000_000_000n,
        sizeE9: 1n,
      });
    const [killed, restarted] = [KILLED.get(round), RESTARTED.get(round)];
    if (killed !== undefined) {
      await eventually(() => ofShard(killed) > 0, { deadlineMs: 60_000 });
      await engines[killed]!.kill();
    } else if (restarted !== undefined) {
      // Meanwhile all of the other's has come into Kafka.
      const other = 1 - restarted;
      await eventually(() => ofShard(other) === round * symbolsOf(other).length, { deadlineMs: 60_000 });
      expect(ofShard(restarted)).toBeLessThan(round * symbolsOf(restarted).length);
      await engines[restarted]!.restart();
    } else if (round % 10 === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  await session.flush();
  await session.close();

  await eventually(() => received.length >= ROUNDS * SYMBOLS.length, { deadlineMs: 120_000 });
  expect(received.length).toBe(ROUNDS * SYMBOLS.length);
  const everyId = Array.from({ length: ROUNDS }, (_, at) => String(at + 1));
  const market = new EngineShards({ addresses, timeoutMs: 20_000 });
  for (const symbol of SYMBOLS) {
    const own = received.filter(({ key }) => key === symbol);
    expect(own.map(({ tradeId }) => tradeId)).toEqual(everyId);
    expect(new Set(own.map(({ partition }) => partition))).toEqual(new Set([partitionOf(symbol, MARKET_PARTITIONS)]));
    const { value } = await market.of(symbol).trades({ symbol, last: 1_000 });
    expect(value.map(({ tradeId }) => String(tradeId))).toEqual(everyId);
  }
  expect(new Set(received.map(({ position }) => position)).size).toBe(received.length);
  // Each engine's history is its own, and whole in each of its partitions.
  const epochs = [0, 1].map(
    (shard) =>
      new Set(
        received.filter(({ partition }) => partition % 2 === shard).map(({ position }) => position.split(" ")[0]),
      ),
  );
  expect(epochs.map(({ size }) => size)).toEqual([1, 1]);
  expect(epochs[0]).not.toEqual(epochs[1]);
  market.close();
});
