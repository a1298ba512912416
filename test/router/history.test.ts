import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createKafka } from "@mib/events/kafka";
import { createEventProducer, type EventProducer } from "@mib/events/producer";
import { provision } from "@mib/events/provision";
import { createLogger } from "@mib/service/log";
import { readAfter, readLast } from "@mib/stream-window/reader";
import { eventually } from "@mib/testkit/eventually";
import { freePort } from "@mib/testkit/free-port";
import { servers } from "@mib/testkit/servers";
import { startTcpProxy } from "@mib/testkit/tcp-proxy";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type OwnRedis, startOwnRedis } from "../../relay/src/own-redis.ts";
import { cursorKeysFile } from "./cursor-keys.ts";
import { receive, type Received, runningRouter, type RunningRouter } from "./running-router.ts";
import { SENSORS, STREAMED } from "./sample-subgraphs.ts";

const TRADES = "market.trades.v1";
const READINGS = "sensor.readings.v1";
const AT = "2024-08-08T12:00:00Z";
const DEADLINE = { deadlineMs: 60_000 };

const FEED = {
  stream: true,
  typeDefs: `${STREAMED}
    type Subscription {
      trades(symbol: ID!): Trade! @streamed(topic: "${TRADES}", channel: "{args.symbol}")
      readings(source: ID!): Measured! @streamed(topic: "${READINGS}", channel: "{args.source}")
    }
    type Trade { id: String! }
    type Measured { id: String! }`,
};

const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "history-test");
let producer: EventProducer;
let ownRedis: OwnRedis;
let redis: Redis;
let relay: ChildProcess;

beforeAll(async () => {
  await provision({ kafka, replicationFactor: 1 });
  producer = createEventProducer({ kafka, log: createLogger("test") });
  ownRedis = await startOwnRedis();
  redis = new Redis(ownRedis.url);
  const adminPort = await freePort();
  const env = {
    ...process.env,
    REDIS_URL: ownRedis.url,
    KAFKA_BROKERS: servers.kafkaBrokers.join(","),
    ADMIN_PORT: String(adminPort),
    LOG_LEVEL: "error",
  };
  relay = spawn(process.execPath, ["relay/src/main.ts"], {
    env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  await eventually(async () => {
    const response = await fetch(`http://127.0.0.1:${adminPort}/ready`);
    if (response.status !== 200) throw new Error(await response.text());
  }, DEADLINE);
});
afterAll(async () => {
  relay?.kill("SIGKILL");
  redis?.disconnect();
  await ownRedis?.stop();
  await producer?.stop();
});

const newName = () => `H${randomUUID().slice(0, 8)}`;

function sendTrade(symbol: string, sequence: number, more: { headers?: object; price?: unknown } = {}): Promise<void> {
  const { headers = {}, price = "1.5" } = more;
  return producer.sendRecord(TRADES, {
    key: symbol,
    value: JSON.stringify({ instrument: { symbol }, id: String(sequence), price, size: "2", side: null, at: AT }),
    headers: {
      channel: symbol,
      epoch: "e1",
      sequence: String(sequence),
      ordinal: "0",
      "schema-version": "1",
      ...headers,
    },
  });
}

const sendReading = (source: string, id: string): Promise<void> =>
  producer.send({
    topic: READINGS,
    key: null,
    channel: source,
    eventId: `${source}-${id}`,
    value: JSON.stringify({ id, source, metric: "m", value: "1", at: AT }),
  });

/** Waits until the relay is at an event, then has the window forget all but its newest. */
async function trimWindow(topic: string, channel: string, lastId: string, kept: number): Promise<void> {
  const last = await eventually(async () => {
    const entry = await readLast(redis, topic, channel);
    expect(entry && JSON.parse(entry.value).id).toBe(lastId);
    return entry!;
  }, DEADLINE);
  await redis.xtrim(`{${topic}/${channel}}:${last.epoch}`, "MAXLEN", kept);
  const { entries } = await readAfter(redis, topic, channel, { epoch: last.epoch, id: "0-0" }, 1_000);
  expect(entries.length).toBe(kept);
}

function routerWith(streams: Record<string, unknown> = {}): Promise<RunningRouter> {
  return runningRouter(
    { feed: FEED, sensors: SENSORS },
    {
      streams: {
        redis_url: ownRedis.url,
        kafka_brokers: servers.kafkaBrokers,
        cursor_keys_file: cursorKeysFile("k1").file,
        ...streams,
      },
    },
  );
}

const trades = (router: RunningRouter, symbol: string, request: object) =>
  receive(router.client(), `subscription { trades(symbol: "${symbol}") { id } }`, {}, { stream: request });
const readings = (router: RunningRouter, source: string, request: object) =>
  receive(router.client(), `subscription { readings(source: "${source}") { id } }`, {}, { stream: request });
const idsOf = ({ values }: Received): string[] => values.map(({ data }) => (data.trades ?? data.readings).id);
const notes = ({ values }: Received): any[] => values.map(({ extensions }) => extensions.stream);
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
const openOn = (router: RunningRouter, count: number) =>
  eventually(async () => expect(await router.metric("router_subscriptions_open")).toBe(count), DEADLINE);
const arrived = (received: Received, lastId: string) =>
  eventually(() => {
    expect(received.errors).toEqual([]);
    expect(idsOf(received).at(-1)).toBe(lastId);
  }, DEADLINE);
const refused = async (received: Received) => {
  await eventually(() => expect(received.errors.length).toBe(1), DEADLINE);
  expect(received.values).toEqual([]);
  return received.errors[0][0].extensions.reason as string;
};

/** A channel with thirty trades: one client was there for all of them, and its cursor at each is known. */
async function tradesUpTo30(router: RunningRouter, symbol: string): Promise<{ witness: Received; cursors: string[] }> {
  const witness = trades(router, symbol, {});
  await openOn(router, 1);
  for (let sequence = 1; sequence <= 30; sequence++) await sendTrade(symbol, sequence);
  await arrived(witness, "30");
  expect(idsOf(witness)).toEqual(range(1, 30));
  await trimWindow(TRADES, symbol, "30", 5);
  return { witness, cursors: notes(witness).map(({ cursor }) => cursor) };
}

test("a client goes on from before the window with every event once and in order, then with the window and what comes", async () => {
  const router = await routerWith();
  const symbol = newName();
  const { cursors } = await tradesUpTo30(router, symbol);
  const received = trades(router, symbol, { after: cursors[2] });
  await arrived(received, "30");
  await sendTrade(symbol, 31);
  await arrived(received, "31");
  expect(idsOf(received)).toEqual(range(4, 31));
  expect(notes(received)[0]).toMatchObject({ recovered: true, replayed: 27 });
  expect(notes(received).some((note) => "gap" in note)).toBe(false);
  expect(await router.metric("router_stream_resumes_total")).toBe(1);
  expect(await router.metric("router_stream_history_reads_total")).toBe(1);
  expect(await router.metric("router_stream_history_events_total")).toBe(27 - 5);
});

test("what Kafka has twice, out of order, invalid or as backfill is not given to who comes back either", async () => {
  const router = await routerWith();
  const symbol = newName();
  const witness = trades(router, symbol, {});
  await openOn(router, 1);
  for (const sequence of [1, 2, 4, 2, 4, 5]) await sendTrade(symbol, sequence);
  await sendTrade(symbol, 8, { headers: { origin: "backfill" } });
  await sendTrade(symbol, 3);
  await sendTrade(newName(), 6);
  await sendTrade(symbol, 6, { price: 1.5 });
  for (const sequence of [7, 9, 8, 10, 9, 10]) await sendTrade(symbol, sequence);
  await sendTrade(symbol, 99, { headers: { "schema-version": "2" } });
  for (let sequence = 11; sequence <= 20; sequence++) await sendTrade(symbol, sequence);
  await arrived(witness, "20");
  const all = idsOf(witness);
  expect(all).toEqual(["1", "2", "4", "5", "7", "9", "10", ...range(11, 20)]);
  await trimWindow(TRADES, symbol, "20", 3);
  for (const [i, { cursor }] of notes(witness).slice(0, 8).entries()) {
    const received = trades(router, symbol, { after: cursor });
    await arrived(received, "20");
    expect(idsOf(received)).toEqual(all.slice(i + 1));
    received.stop();
  }
});

test("where an event's place is its offset, what was sent again is left out", async () => {
  const router = await routerWith();
  const source = newName();
  const witness = readings(router, source, {});
  await openOn(router, 1);
  for (const id of ["a", "b", "a", "c", "b", "d", "a", "e", "f"]) {
    await sendReading(source, id);
    await sendReading(newName(), id);
  }
  await arrived(witness, "f");
  expect(idsOf(witness)).toEqual(["a", "b", "c", "d", "e", "f"]);
  await trimWindow(READINGS, source, "f", 1);
  const received = readings(router, source, { after: notes(witness)[1].cursor });
  await arrived(received, "f");
  expect(idsOf(received)).toEqual(["c", "d", "e", "f"]);
});

test("a router that was cut off from Redis for longer than the window reaches misses nothing", async () => {
  const proxy = await startTcpProxy(ownRedis.url);
  onTestFinished(() => proxy.close());
  const router = await routerWith({ redis_url: proxy.through(ownRedis.url) });
  const symbol = newName();
  const received = trades(router, symbol, {});
  await openOn(router, 1);
  await sendTrade(symbol, 1);
  await arrived(received, "1");
  proxy.refuses = true;
  proxy.cut();
  for (let sequence = 2; sequence <= 30; sequence++) await sendTrade(symbol, sequence);
  await trimWindow(TRADES, symbol, "30", 5);
  proxy.refuses = false;
  await arrived(received, "30");
  expect(idsOf(received)).toEqual(range(1, 30));
  expect(notes(received).some((note) => "gap" in note)).toBe(false);
});

test("many who come back at once each get what they missed", async () => {
  const router = await routerWith();
  const symbols = [newName(), newName()];
  const first = await tradesUpTo30(router, symbols[0]!);
  first.witness.stop();
  await openOn(router, 0);
  const other = await tradesUpTo30(router, symbols[1]!);
  const all = [first, other].flatMap(({ cursors }, s) =>
    cursors.slice(0, 20).map((after, i) => ({ i, received: trades(router, symbols[s]!, { after }) })),
  );
  for (const { i, received } of all) {
    await arrived(received, "30");
    expect(idsOf(received)).toEqual(range(i + 2, 30));
  }
});

test("too_far: Kafka no longer has it", async () => {
  const router = await routerWith();
  const symbol = newName();
  const admin = kafka.admin();
  await admin.connect();
  const before = await admin.fetchTopicOffsets(TRADES);
  const { cursors } = await tradesUpTo30(router, symbol);
  const after = await admin.fetchTopicOffsets(TRADES);
  const { partition, high } = after.find(
    (offsets) => offsets.high !== before.find((each) => each.partition === offsets.partition)!.high,
  )!;
  // Of the thirty, those up to the eleventh are gone.
  await admin.deleteTopicRecords({ topic: TRADES, partitions: [{ partition, offset: String(BigInt(high) - 19n) }] });
  await admin.disconnect();
  expect(await refused(trades(router, symbol, { after: cursors[2] }))).toBe("too_far");
  expect(await refused(trades(router, symbol, { after: cursors[10] }))).toBe("too_far");
  const received = trades(router, symbol, { after: cursors[11] });
  await arrived(received, "30");
  expect(idsOf(received)).toEqual(range(13, 30));
});

test("too_far: no Kafka is configured, it is away, or too much would have to be given or read", async () => {
  const cases = [
    { kafka_brokers: null },
    { kafka_brokers: [] },
    { kafka_brokers: [`127.0.0.1:${await freePort()}`], history: { timeout_ms: 2_000 } },
    { replay_events_max: 26 },
    { history: { records_max: 5 } },
    { history: { bytes_max: 500 } },
    { history: { held_bytes_max: 2_000 } },
  ];
  for (const streams of [...cases, { replay_events_max: 27 }]) {
    const limited = await routerWith(streams);
    const own = newName();
    const { cursors } = await tradesUpTo30(limited, own);
    const received = trades(limited, own, { after: cursors[2] });
    if (cases.includes(streams)) expect(await refused(received), JSON.stringify(streams)).toBe("too_far");
    else {
      await arrived(received, "30");
      expect(idsOf(received)).toEqual(range(4, 30));
    }
  }
});
