import { randomUUID } from "node:crypto";
import type { RecordBatch } from "@mib/events/consumer";
import { topicNamed } from "@mib/events/topics";
import { createLogger } from "@mib/service/log";
import { Registry } from "@mib/service/metrics";
import { channelName, decodeMessage, type WindowEntry } from "@mib/stream-window/layout";
import { readAfter } from "@mib/stream-window/reader";
import { eventually } from "@mib/testkit/eventually";
import { servers } from "@mib/testkit/servers";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createRelayMetrics } from "./metrics.ts";
import { startOwnRedis } from "./own-redis.ts";
import { type PartitionContext, PartitionRelay, type Record } from "./partition-relay.ts";
import { WindowStore } from "./window-store.ts";

// Kafka is played by arrays here, so that a process can die at an exact point; relay.test.ts has the real one.
const TOPIC = topicNamed("market.trades.v1");
const log = createLogger("test");
let store: WindowStore;
let reader: Redis;
let subscriber: Redis;
const stores: WindowStore[] = [];
let partition = 1_000 + (process.pid % 1_000) * 1_000;
let symbol: string;
let epoch: string;
let heard: WindowEntry[];

beforeAll(async () => {
  [reader, subscriber] = [new Redis(servers.redisUrl), new Redis(servers.redisUrl)];
  subscriber.on("message", (channel, message) => {
    if (channel === channelName(TOPIC.name, symbol)) heard.push(decodeMessage(message));
  });
  store = await connectedStore(WindowStore);
});
afterAll(async () => {
  for (const each of stores) await each.close();
  reader.disconnect();
  subscriber.disconnect();
});
beforeEach(async () => {
  partition += 1;
  [symbol, epoch, heard] = [`P${randomUUID().slice(0, 8)}`, randomUUID(), []];
  await subscriber.subscribe(channelName(TOPIC.name, symbol));
});

async function connectedStore<Store extends WindowStore>(
  Store: new (...args: ConstructorParameters<typeof WindowStore>) => Store,
  url = servers.redisUrl,
  cluster = false,
): Promise<Store> {
  const created = new Store({ REDIS_URL: [url], REDIS_CLUSTER: cluster });
  stores.push(created);
  await eventually(() => created.ping());
  return created;
}

class DyingStore extends WindowStore {
  override setProgress(): ReturnType<WindowStore["setProgress"]> {
    return Promise.reject(new Error("killed"));
  }
}

class FailingNoteStore extends WindowStore {
  failures = 0;

  override setProgress(...args: Parameters<WindowStore["setProgress"]>): ReturnType<WindowStore["setProgress"]> {
    return this.failures-- > 0 ? Promise.reject(new Error("away")) : super.setProgress(...args);
  }
}

class LosingOnceStore extends WindowStore {
  #losses = 1;

  override async setProgress(...args: Parameters<WindowStore["setProgress"]>): ReturnType<WindowStore["setProgress"]> {
    if (this.#losses-- <= 0) return super.setProgress(...args);
    await reader.del(...(await keysOfTest()));
    throw new Error("away");
  }
}

class FailingAppendStore extends WindowStore {
  failures = 0;

  override append(...args: Parameters<WindowStore["append"]>): ReturnType<WindowStore["append"]> {
    return this.failures-- > 0 ? Promise.reject(new Error("away")) : super.append(...args);
  }
}

/** Nobody hears of the third append, which does its work or not. */
class FailingLaterStore extends WindowStore {
  largest = 0;
  doesThird = true;
  #appends = 0;

  override async append(...args: Parameters<WindowStore["append"]>): ReturnType<WindowStore["append"]> {
    this.largest = Math.max(this.largest, args[2].length);
    this.#appends += 1;
    if (this.#appends === 3 && !this.doesThird) throw new Error("away");
    const outcomes = await super.append(...args);
    if (this.#appends === 3) throw new Error("away");
    return outcomes;
  }
}

class FailingOnceStore extends WindowStore {
  #failures = 1;

  override refill(...args: Parameters<WindowStore["refill"]>): ReturnType<WindowStore["refill"]> {
    return this.#failures-- > 0 ? Promise.reject(new Error("away")) : super.refill(...args);
  }
}

const record = (offset: number, sequence: number): Record => ({
  key: Buffer.from(symbol),
  value: Buffer.from(
    JSON.stringify({ instrument: { symbol }, id: "1", price: "1", size: "1", at: "2024-08-08T12:00:00Z" }),
  ),
  timestamp: "1000",
  attributes: 0,
  offset: String(offset),
  headers: { channel: symbol, epoch, sequence: String(sequence), ordinal: "0", "schema-version": "1" },
});
const batch = (records: Record[], missedBefore = 0n): RecordBatch => {
  const [position, nextOffset] = [BigInt(records[0]!.offset) - missedBefore, BigInt(records.at(-1)!.offset) + 1n];
  return { topic: TOPIC.name, partition, records, position, nextOffset, highWatermark: nextOffset, missedBefore };
};

function createRelay(
  overrides: Partial<PartitionContext> = {},
  log_ = { low: 0n, high: 0n },
): { relay: PartitionRelay; seeks: bigint[] } {
  const seeks: bigint[] = [];
  const context: PartitionContext = {
    log,
    metrics: createRelayMetrics(new Registry(), () => new Map()),
    store,
    epochs: new Map(),
    sendDeadLetter: async () => {},
    offsets: async () => log_,
    offsetAt: async () => 0n,
    seek: (_topic, _partition, offset) => seeks.push(offset),
    ...overrides,
  };
  return { relay: new PartitionRelay(TOPIC, partition, context), seeks };
}

const ids = (entries: WindowEntry[]) => entries.map(({ id }) => id);
const published = async () => {
  await subscriber.ping();
  return ids(heard);
};

test("a process that dies between its two writes goes on behind what it published, and does not publish it again", async () => {
  const dying = await connectedStore(DyingStore);
  const first = createRelay({ store: dying });
  expect(await first.relay.start()).toBe(0n);
  await expect(first.relay.handle(batch([record(0, 5), record(1, 6)]))).rejects.toThrow("killed");

  const second = createRelay();
  expect(await second.relay.start()).toBe(2n);
  await second.relay.handle(batch([record(2, 6), record(3, 7)]));
  expect(await published()).toEqual(["5-0", "6-0", "7-0"]);
  expect(await createRelay().relay.start()).toBe(4n);
});

test("a batch that comes again because Redis went away with everything before its end was noted is not published twice", async () => {
  const { relay, seeks } = createRelay({ store: await connectedStore(LosingOnceStore) }, { low: 0n, high: 0n });
  await relay.start();
  const same = batch([record(0, 5), record(1, 6)]);
  await expect(relay.handle(same)).rejects.toThrow("away");
  await relay.handle(same);
  expect(seeks).toEqual([0n]);
  await relay.handle(batch([record(0, 5), record(1, 6), record(2, 7)]));
  expect(relay.refilling).toBe(false);
  expect(await published()).toEqual(["5-0", "6-0", "7-0"]);
});

test("what was filled in later is neither published nor kept, and leaves no hole", async () => {
  const { relay } = createRelay();
  await relay.start();
  const history = record(1, 6);
  history.headers!["origin"] = "backfill";
  await relay.handle(batch([record(0, 5), history, record(2, 7)]));
  await published();
  expect(heard.map(({ id, prev }) => [id, prev])).toEqual([
    ["5-0", "0-0"],
    ["7-0", "5-0"],
  ]);
});

test("records that Kafka no longer had leave a hole that the next event shows", async () => {
  const { relay } = createRelay();
  await relay.start();
  await relay.handle(batch([record(0, 5)]));
  await relay.handle(batch([record(9, 20), record(10, 21)], 8n));
  await published();
  expect(heard.map(({ id, prev }) => [id, prev])).toEqual([
    ["5-0", "0-0"],
    ["20-0", `19-${2n ** 64n - 1n}`],
    ["21-0", "20-0"],
  ]);
  expect((await readAfter(reader, TOPIC.name, symbol, { epoch, id: "5-0" }, 10)).complete).toBe(false);
});

test("such a hole is shown also by a channel that is quiet until the relay has started again", async () => {
  const first = createRelay();
  await first.relay.start();
  const ofAnother = record(9, 20);
  ofAnother.headers!["channel"] = `${symbol}-another`;
  await first.relay.handle(batch([record(0, 5)]));
  await first.relay.handle(batch([ofAnother], 8n));

  const second = createRelay();
  expect(await second.relay.start()).toBe(10n);
  await second.relay.handle(batch([record(10, 21), record(11, 22)]));
  await published();
  expect(heard.map(({ id, prev }) => [id, prev])).toEqual([
    ["5-0", "0-0"],
    ["21-0", `20-${2n ** 64n - 1n}`],
    ["22-0", "21-0"],
  ]);
});

test("such a hole is shown also where Redis was away when the channel's next event came", async () => {
  const failing = await connectedStore(FailingAppendStore);
  const { relay } = createRelay({ store: failing });
  await relay.start();
  const ofAnother = record(9, 20);
  ofAnother.headers!["channel"] = `${symbol}-another`;
  await relay.handle(batch([record(0, 5)]));
  await relay.handle(batch([ofAnother], 8n));
  failing.failures = 1;
  await expect(relay.handle(batch([record(10, 21)]))).rejects.toThrow("away");
  await relay.handle(batch([record(10, 21)]));
  await published();
  expect(heard.map(({ id, prev }) => [id, prev])).toEqual([
    ["5-0", "0-0"],
    ["21-0", `20-${2n ** 64n - 1n}`],
  ]);
});

test.each([
  ["an epoch that names another key", { epoch: "epoch" }],
  ["a sequence that no stream takes", { sequence: "18446744073709551616" }],
  ["a trace context that breaks the header line", { traceparent: "a b" }],
])("a record with %s keeps none behind it", async (_, headers) => {
  const { relay } = createRelay();
  await relay.start();
  const broken = record(1, 6);
  Object.assign(broken.headers!, headers);
  await relay.handle(batch([record(0, 5), broken, record(2, 7)]));
  const { entries } = await readAfter(reader, TOPIC.name, symbol, { epoch, id: "5-0" }, 10);
  expect(ids(entries).at(-1)).toBe("7-0");
  expect((await published()).at(-1)).toBe("7-0");
});

test("an invalid record is put into the dead letters once, however often its batch is tried", async () => {
  const failing = await connectedStore(FailingAppendStore);
  failing.failures = 3;
  const letters: string[] = [];
  const { relay } = createRelay({
    store: failing,
    sendDeadLetter: async (_topic, _partition, { offset }) => void letters.push(offset),
  });
  await relay.start();
  const broken = { ...record(1, 6), value: Buffer.from("{}") };
  const same = batch([record(0, 5), broken, record(2, 7)]);
  for (let tries = 0; tries < 3; tries++) await expect(relay.handle(same)).rejects.toThrow("away");
  await relay.handle(same);
  expect(letters).toEqual(["1"]);
  await relay.handle(batch([record(3, 8), { ...broken, offset: "4" }]));
  expect(letters).toEqual(["1", "4"]);
});

test("a refill that breaks off while it is written starts again from the partition's beginning", async () => {
  const failing = await connectedStore(FailingOnceStore);
  const { relay, seeks } = createRelay({ store: failing }, { low: 0n, high: 3n });
  const history = batch([record(0, 5), record(1, 6), record(2, 7), record(3, 8)]);
  expect(await relay.start()).toBe(0n);
  expect(relay.refilling).toBe(true);
  await expect(relay.handle(history)).rejects.toThrow("away");
  await relay.handle(history);
  expect(seeks).toEqual([0n]);
  await relay.handle(history);
  expect(relay.refilling).toBe(false);
  expect(await published()).toEqual(["8-0"]);
  expect(ids((await readAfter(reader, TOPIC.name, symbol, { epoch, id: "0-0" }, 10)).entries)).toEqual([
    "5-0",
    "6-0",
    "7-0",
    "8-0",
  ]);
});

test("a batch that waits to be tried again when the loss is noticed does not end the refill", async () => {
  const failing = await connectedStore(FailingAppendStore);
  const { relay, seeks } = createRelay({ store: failing });
  await relay.start();
  await relay.handle(batch([record(0, 5), record(1, 6)]));
  failing.failures = 1;
  const waiting = batch([record(2, 7)]);
  await expect(relay.handle(waiting)).rejects.toThrow("away");
  await reader.del(...(await keysOfTest()));
  await relay.check(2n);
  expect(seeks).toEqual([0n]);
  await relay.handle(waiting);
  expect(relay.refilling).toBe(true);

  await relay.handle(batch([record(0, 5), record(1, 6), record(2, 7)]));
  const { entries } = await readAfter(reader, TOPIC.name, symbol, { epoch, id: "0-0" }, 10);
  expect(entries.map(({ id, prev }) => [id, prev])).toEqual([
    ["5-0", "0-0"],
    ["6-0", "5-0"],
    ["7-0", "6-0"],
  ]);
  expect(await published()).toEqual(["5-0", "6-0", "7-0"]);
});

test.each([
  ["older than the windows keep", { low: 10n, high: 1_000n }, 990n, 990n],
  ["more than the windows hold", { low: 10n, high: 1_000_000n }, 0n, 990_000n],
  ["gone from Kafka", { low: 10n, high: 1_000n }, 0n, 10n],
])("a refill leaves out what is %s, and says that something is missing", async (_, log_, young, start) => {
  const { relay } = createRelay({ offsetAt: async () => young }, log_);
  expect(await relay.start()).toBe(start);
  await relay.handle(batch([record(Number(start), 7), record(Number(log_.high) - 1, 8)]));
  expect(relay.refilling).toBe(false);
  expect(await readAfter(reader, TOPIC.name, symbol, { epoch, id: "6-0" }, 10)).toMatchObject({ complete: false });
});

test("a channel that comes first behind a refill of a part of the log is not taken for a new one", async () => {
  const { relay } = createRelay({ offsetAt: async () => 990n }, { low: 10n, high: 1_000n });
  await relay.start();
  const ofAnother = record(999, 7);
  ofAnother.headers!["channel"] = `${symbol}-another`;
  await relay.handle(batch([ofAnother], 9n));
  expect(relay.refilling).toBe(false);
  await relay.handle(batch([record(1_000, 8), record(1_001, 9)]));
  await published();
  expect(heard.map(({ id, prev }) => [id, prev])).toEqual([
    ["8-0", `7-${2n ** 64n - 1n}`],
    ["9-0", "8-0"],
  ]);
});

const keysOfTest = async () => [
  ...new Set([...(await reader.keys(`*${symbol}*`)), ...(await reader.keys(`*${partition}*`))]),
];

/** Redis as it is now; what is returned makes it so again, as where a replica that is behind takes over. */
async function remember(): Promise<() => Promise<void>> {
  const keys = await keysOfTest();
  const dumps = await Promise.all(keys.map((key) => reader.dumpBuffer(key)));
  return async () => {
    await reader.del(...(await keysOfTest()));
    for (const [i, key] of keys.entries()) await reader.restore(key, 0, dumps[i]!);
  };
}

test("a batch of more events than Redis is given at once has each of them once, also where a part failed", async () => {
  const failing = await connectedStore(FailingLaterStore);
  const { relay } = createRelay({ store: failing });
  await relay.start();
  const count = 2_345;
  const same = batch(Array.from({ length: count }, (_, i) => record(i, 5 + i)));
  await expect(relay.handle(same)).rejects.toThrow("away");
  expect((await published()).length).toBeLessThan(count);
  await relay.handle(same);
  expect(await published()).toEqual(Array.from({ length: count }, (_, i) => `${5 + i}-0`));
  expect(failing.largest).toBeLessThanOrEqual(1_000);
  expect(await createRelay().relay.start()).toBe(BigInt(count));
});

test("an invalid record in a part that was noted is not put into the dead letters again when a later part failed", async () => {
  const failing = await connectedStore(FailingLaterStore);
  const letters: string[] = [];
  const sendDeadLetter = async (_topic: string, _partition: number, { offset }: Record) => void letters.push(offset);
  const { relay } = createRelay({ store: failing, sendDeadLetter });
  await relay.start();
  const records = Array.from({ length: 1_400 }, (_, i) => record(i, 5 + i));
  records[7] = { ...records[7]!, value: Buffer.from("{}") };
  const same = batch(records);
  await expect(relay.handle(same)).rejects.toThrow("away");
  await relay.handle(same);
  expect(letters).toEqual(["7"]);
});

test("when Redis is emptied after a part failed, those before it are filled in again in silence", async () => {
  const failing = await connectedStore(FailingLaterStore);
  failing.doesThird = false;
  const { relay, seeks } = createRelay({ store: failing });
  await relay.start();
  const same = batch(Array.from({ length: 1_400 }, (_, i) => record(i, 5 + i)));
  await expect(relay.handle(same)).rejects.toThrow("away");
  await reader.del(...(await keysOfTest()));
  await relay.handle(same);
  expect(seeks).toEqual([0n]);
  await relay.handle(same);
  expect(await published()).toEqual(Array.from({ length: 1_400 }, (_, i) => `${5 + i}-0`));
});

test.each(["when the next batch comes", "while no batch comes", "when a batch waits to be tried again"])(
  "Redis that comes back with older data gets the rest again: noticed %s",
  async (when) => {
    const failing = await connectedStore(FailingAppendStore);
    const { relay, seeks } = createRelay({ store: failing });
    await relay.start();
    await relay.handle(batch([record(0, 5)]));
    const goBack = await remember();
    await relay.handle(batch([record(1, 6), record(2, 7)]));
    const next = batch([record(3, 8)]);
    failing.failures = when === "when a batch waits to be tried again" ? 1 : 0;
    if (failing.failures > 0) await expect(relay.handle(next)).rejects.toThrow("away");
    await goBack();
    if (when !== "when the next batch comes") await relay.check(3n);
    if (when !== "while no batch comes") await relay.handle(next);
    expect(new Set(seeks)).toEqual(new Set([1n]));

    await relay.handle(batch([record(1, 6), record(2, 7), record(3, 8)]));
    const { entries } = await readAfter(reader, TOPIC.name, symbol, { epoch, id: "0-0" }, 10);
    expect(entries.map(({ id, prev, count }) => [id, prev, count])).toEqual([
      ["5-0", "0-0", 1],
      ["6-0", "5-0", 2],
      ["7-0", "6-0", 3],
      ["8-0", "7-0", 4],
    ]);
    expect(await createRelay().relay.start()).toBe(4n);
  },
);

test("a Kafka that lost its records and counts anew does not leave the place ahead of them", async () => {
  const { relay, seeks } = createRelay();
  await relay.start();
  await relay.handle(batch([record(0, 5), record(1, 6)]));
  await relay.handle(batch([record(0, 7)]));
  expect(seeks).toEqual([0n]);
  await relay.handle(batch([record(0, 7)]));
  expect(await published()).toEqual(["5-0", "6-0", "7-0"]);
  expect(await createRelay().relay.start()).toBe(1n);
});

test("Redis Cluster: events go out by sharded pub/sub, and a lost window is noticed without the marker", async () => {
  const own = await startOwnRedis(["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"]);
  const admin = new Redis(own.url);
  try {
    await admin.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    await eventually(async () => expect(await admin.call("CLUSTER", "INFO")).toContain("cluster_state:ok"));
    const sharded: string[] = [];
    const listener = admin.duplicate();
    listener.on("smessage", (_channel, message) => sharded.push(decodeMessage(message).id));
    await listener.ssubscribe(channelName(TOPIC.name, symbol));

    const clustered = await connectedStore(WindowStore, own.url, true);
    const { relay, seeks } = createRelay({ store: clustered });
    await relay.start();
    await relay.handle(batch([record(0, 5), record(1, 6)]));
    await eventually(() => expect(sharded).toEqual(["5-0", "6-0"]));
    // A replica that had not had the last event takes over: the next one tells that it was there.
    const before = await dumpOf(admin, symbol);
    await relay.handle(batch([record(2, 7)]));
    for (const [key, dump] of before) await admin.restore(key, 0, dump, "REPLACE");
    await relay.handle(batch([record(3, 8)]));
    const position = { epoch, id: "6-0" };
    const { entries, complete } = await readAfter(admin, TOPIC.name, symbol, position, 10);
    expect([entries.map(({ id, prev }) => [id, prev]), complete]).toEqual([[["8-0", "7-0"]], false]);

    const whole = () => clustered.markWhole(TOPIC.name, [{ partition, next: 4n }]);
    expect(await whole()).toBe("NOTED");
    await admin.call("FLUSHALL");
    expect(await whole()).toBe("LOST");
    await relay.handle(batch([record(4, 9)]));
    expect(seeks).toEqual([0n]);
    listener.disconnect();
  } finally {
    admin.disconnect();
    await own.stop();
  }
});

test("Redis Cluster: a batch that comes again to a replica that had less says what came before it, and not itself", async () => {
  const own = await startOwnRedis(["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"]);
  const admin = new Redis(own.url);
  try {
    await admin.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    await eventually(async () => expect(await admin.call("CLUSTER", "INFO")).toContain("cluster_state:ok"));
    const failing = await connectedStore(FailingNoteStore, own.url, true);
    const { relay } = createRelay({ store: failing });
    await relay.start();
    await relay.handle(batch([record(0, 5)]));
    const before = await dumpOf(admin, symbol);
    await relay.handle(batch([record(1, 6)]));
    const same = batch([record(2, 7), record(3, 8)]);
    failing.failures = 1;
    await expect(relay.handle(same)).rejects.toThrow("away");
    for (const [key, dump] of before) await admin.restore(key, 0, dump, "REPLACE");
    await relay.handle(same);
    const position = { epoch, id: "5-0" };
    const { entries, complete } = await readAfter(admin, TOPIC.name, symbol, position, 10);
    expect(entries.map(({ id, prev }) => [id, prev])).toEqual([
      ["7-0", "6-0"],
      ["8-0", "7-0"],
    ]);
    expect(complete).toBe(false);
  } finally {
    admin.disconnect();
    await own.stop();
  }
});

async function dumpOf(redis: Redis, channel: string): Promise<[key: string, dump: Buffer][]> {
  const keys = await redis.keys(`${channelName(TOPIC.name, channel)}*`);
  return Promise.all(keys.map(async (key): Promise<[string, Buffer]> => [key, await redis.dumpBuffer(key)]));
}
