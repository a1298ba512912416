import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createKafka } from "@mib/events/kafka";
import { provision } from "@mib/events/provision";
import { rangesOf } from "@mib/events/scan-topic";
import { createLogger } from "@mib/service/log";
import { createService } from "@mib/service/run";
import { eventually } from "@mib/testkit/eventually";
import { freePort } from "@mib/testkit/free-port";
import { createTestDatabase, servers, uniqueName, type TestDatabase } from "@mib/testkit/servers";
import { subgraphProcess, type SubgraphProcess } from "@mib/testkit/subgraph-process";
import kafkajs from "kafkajs";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { INTERVAL_MS } from "./domain/interval-length.ts";
import type { BarInterval } from "./domain/market-memory.ts";
import { rebuildBars } from "./io/rebuild-bars.ts";
import { holdOffRebuilds } from "./io/rebuild-lock.ts";
import { openRebuildSession } from "./io/rebuild-session.ts";

const BARS = "market.bars.v1";
/** A midnight within every interval's retention, which counts back from the newest bar: other tests' bars of today are in the topic. */
const FIRST_MS = (Math.floor(Date.now() / INTERVAL_MS.D1) - 3) * INTERVAL_MS.D1;
const [LONG, QUIET, REVISED, JUMPY, FAST] = ["LONG", "QUIET", "REVISED", "JUMPY", "FAST"].map((name) =>
  uniqueName(name).toUpperCase(),
) as [string, string, string, string, string];
const ALL = [LONG, QUIET, REVISED, JUMPY, FAST];
const OLD_JOURNAL = uniqueName("old");
const NEW_JOURNAL = uniqueName("new");

const log = createLogger("rebuild-test");
const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "rebuild-test");
let database: TestDatabase;
let client: pg.Client;
let analytics: SubgraphProcess;
let producer: kafkajs.Producer;
let sequence = 0;
/** Partitions that the test's bars are in. */
const partitions = new Set<number>();

beforeAll(async () => {
  await provision({ kafka, replicationFactor: 1 });
  database = await createTestDatabase("rebuild");
  producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  analytics = await subgraphProcess("analytics", new URL("main.ts", import.meta.url), {
    DATABASE_URL: database.url,
    KAFKA_BROKERS: servers.kafkaBrokers.join(","),
    WINDOWS_SAVE_MS: "100",
  });
  await analytics.start();
  client = new pg.Client({ connectionString: database.url, options: "-c search_path=analytics -c timezone=UTC" });
  await client.connect();
});

afterAll(async () => {
  await analytics?.stop();
  await producer?.disconnect();
  await client?.end();
  await database?.drop();
});

interface Sent {
  symbol: string;
  interval: BarInterval;
  index: number;
  close: number;
  revision?: number;
}

const priceOf = (index: number): number => 100 + Math.sin(index * 1.7) * 0.3;

/** Canonical: without zeros at the end. */
const priceText = (price: number): string => String(Number(price.toFixed(2)));

/** Bars of `count` intervals one after another. */
function series(symbol: string, interval: BarInterval, from: number, count: number): Sent[] {
  return Array.from({ length: count }, (_, n) => ({ symbol, interval, index: from + n, close: priceOf(from + n) }));
}

/** Sends bars the way the engine publishes them; returns the messages. */
async function send(epoch: string, bars: readonly Sent[]) {
  const messages = bars.map(({ symbol, interval, index, close, revision = 0 }) => ({
    key: symbol,
    value: JSON.stringify({
      instrument: { symbol },
      interval,
      openedAt: new Date(FIRST_MS + index * INTERVAL_MS[interval]).toISOString().replace(".000Z", "Z"),
      open: priceText(close),
      high: priceText(close + 0.1),
      low: priceText(close - 0.1),
      close: priceText(close),
      volume: String(100 + (index % 5)),
      vwap: priceText(close),
      tradeCount: 1,
      final: true,
      revision,
    }),
    headers: {
      channel: `${symbol}/${interval}`,
      epoch,
      sequence: String(++sequence),
      ordinal: "0",
      "schema-version": "1",
    },
  }));
  await sendMessages(messages);
  return messages;
}

async function sendMessages(messages: kafkajs.Message[]): Promise<void> {
  for (const { partition } of await producer.send({ topic: BARS, messages })) partitions.add(partition);
}

/** Waits until all that is in Kafka is in windows, bars and positions. */
async function saved(): Promise<void> {
  const ends = await rangesOf(kafka, BARS);
  await eventually(
    async () => {
      const { rows } = await client.query<{ partition: number; next_offset: string }>(
        "SELECT partition, next_offset FROM consumer_positions WHERE consumer = 'bars'",
      );
      const at = new Map(rows.map(({ partition, next_offset }) => [partition, next_offset]));
      for (const partition of partitions) expect(at.get(partition)).toBe(String(ends.get(partition)!.to));
      expect((await client.query("SELECT FROM outbox")).rowCount).toBe(0);
    },
    { deadlineMs: 60_000 },
  );
}

/** Everything that a rebuild makes anew of the test's instruments, and what it has to leave alone. */
async function known() {
  const rows = async (text: string, values: unknown[]) => (await client.query(text, values)).rows;
  return {
    windows: await rows(
      "SELECT symbol, interval, encode(bars, 'hex') AS bars FROM windows WHERE symbol = ANY($1) ORDER BY symbol, interval",
      [ALL],
    ),
    bars: await rows("SELECT * FROM bars WHERE symbol = ANY($1) ORDER BY symbol, interval, opened_at", [ALL]),
    positions: await rows("SELECT * FROM consumer_positions WHERE partition = ANY($1) ORDER BY consumer, partition", [
      [...partitions],
    ]),
    signals: await rows("SELECT * FROM signals ORDER BY number", []),
    outbox: await rows("SELECT * FROM outbox", []),
  };
}

interface Ran {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** The command as people run it. */
function rebuild(args: readonly string[] = ["analytics"], environment: Record<string, string> = {}): Promise<Ran> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [fileURLToPath(new URL("../../../scripts/rebuild.ts", import.meta.url)), ...args],
      {
        env: {
          PATH: process.env.PATH,
          DATABASE_URL: database.url,
          KAFKA_BROKERS: servers.kafkaBrokers.join(","),
          ...environment,
        },
      },
      (error, stdout, stderr) => done({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

async function indicators(symbol: string) {
  const answer = await analytics.ask(
    `query ($symbol: ID!) { _entities(representations: [{__typename: "Instrument", symbol: $symbol}]) { ... on Instrument { indicators(interval: M1) { asOf rsi sma(period: 3) } } } }`,
    { symbol },
  );
  expect(answer.errors).toBeUndefined();
  return answer.data._entities[0].indicators;
}

async function announced(): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>("SELECT id FROM signals WHERE symbol = ANY($1)", [ALL]);
  return rows.map(({ id }) => id).sort();
}

test("a process follows bars live: old journal and new, revisions, repeats, and what Kafka keeps no longer", async () => {
  await send(OLD_JOURNAL, [
    ...series(QUIET, "S1", 0, 10),
    ...series(QUIET, "M1", 0, 10),
    ...series(LONG, "M1", 0, 300),
    ...series(FAST, "S1", 0, 100),
  ]);
  await saved();
  await forgetInKafka();
  await send(OLD_JOURNAL, [...series(LONG, "M1", 300, 450), ...series(FAST, "S1", 100, 700)]);
  const repeated = await send(OLD_JOURNAL, [
    ...series(REVISED, "M1", 0, 20),
    { symbol: REVISED, interval: "M1", index: 5, close: 104, revision: 1 },
    ...series(REVISED, "M1", 25, 5),
    // Late, and of an interval that had none.
    ...series(REVISED, "M1", 20, 3),
    ...series(REVISED, "H1", 0, 3),
    // Beyond its retention: it is neither kept nor counted as missing.
    ...series(uniqueName("ancient"), "M1", -60 * 1_440, 3),
    ...series(JUMPY, "M1", 0, 30),
  ]);
  await sendMessages(repeated);
  await sendMessages([{ key: LONG, value: "{}", headers: repeated[0]!.headers }]);
  await saved();
  sequence = 0;
  await send(NEW_JOURNAL, [
    ...series(LONG, "M1", 750, 5),
    ...series(REVISED, "M1", 30, 5),
    { symbol: REVISED, interval: "M1", index: 7, close: 105, revision: 1 },
    { symbol: JUMPY, interval: "M1", index: 30, close: 110 },
    ...series(JUMPY, "M1", 31, 3),
    ...series(FAST, "S1", 800, 5),
    ...series(QUIET, "M1", 50, 1),
  ]);
  await saved();
  expect(await announced()).not.toEqual([]);
});

/** What retention does: the records that are there now go. */
async function forgetInKafka(): Promise<void> {
  const ends = await rangesOf(kafka, BARS);
  const admin = kafka.admin();
  await admin.connect();
  // The client deletes of topics alone that it was asked about.
  await admin.fetchTopicOffsets(BARS);
  await admin.deleteTopicRecords({
    topic: BARS,
    partitions: [...partitions].map((partition) => ({ partition, offset: String(ends.get(partition)!.to) })),
  });
  await admin.disconnect();
}

test("it refuses while analytics runs, and nothing changes", async () => {
  const before = await known();
  const { exitCode, stderr } = await rebuild();
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 75,
    stderr: expect.stringMatching(/^REBUILD_REFUSED: .*analytics-lock/),
  });
  expect(await known()).toEqual(before);
});

test("what was damaged and deleted is as it was; what came since is left to the process", async () => {
  const values = await Promise.all(ALL.map(indicators));
  await analytics.kill();
  const before = await known();
  await send(NEW_JOURNAL, [{ symbol: JUMPY, interval: "M1", index: 34, close: 90 }]);

  await client.query("UPDATE bars SET close = close * 2, volume = 0 WHERE symbol = $1 AND opened_at >= $2", [
    LONG,
    new Date(FIRST_MS + 300 * INTERVAL_MS.M1),
  ]);
  await client.query("DELETE FROM bars WHERE symbol = $1", [REVISED]);
  await client.query("UPDATE windows SET bars = '\\x010203' WHERE symbol = $1", [LONG]);
  await client.query("DELETE FROM windows WHERE symbol = ANY($1)", [[JUMPY, FAST]]);
  await client.query(
    "UPDATE windows SET bars = overlay(bars PLACING '\\x0000000000004940' FROM 9 FOR 8) WHERE symbol = $1",
    [REVISED],
  );
  await client.query("UPDATE consumer_positions SET epoch = 'other', id = '1-0'");
  expect((await known()).windows).not.toEqual(before.windows);

  const ran = await rebuild();
  expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
  expect(ran.stdout).toContain(`1 could not be read: ${LONG}/M1`);
  expect(await known()).toEqual(before);
  // A rebuild of what is whole changes nothing.
  expect((await rebuild()).stdout).toContain("bars: 0 were missing or other than in Kafka");
  expect(await known()).toEqual(before);

  const told = await announced();
  await analytics.start();
  await saved();
  // The bar that came since is an event of its own, told once; nothing else is told again.
  const after = await announced();
  expect(after).toEqual(expect.arrayContaining(told));
  const { rows } = await client.query<{ symbol: string; direction: string }>(
    "SELECT DISTINCT symbol, direction FROM signals WHERE symbol = ANY($1) AND NOT id = ANY($2)",
    [ALL, told],
  );
  expect(rows).toEqual([{ symbol: JUMPY, direction: "DOWN" }]);
  for (const [index, symbol] of ALL.entries()) {
    if (symbol === JUMPY) continue;
    const { asOf, rsi, sma } = await indicators(symbol);
    expect({ asOf, sma }).toEqual({ asOf: values[index].asOf, sma: values[index].sma });
    // The window of a process that was not started anew reaches further back.
    if (rsi === null) expect(values[index].rsi).toBeNull();
    else expect(rsi).toBeCloseTo(values[index].rsi, 9);
  }
});

test("windows and positions that are gone as a whole come back, and so do bars within Kafka's retention", async () => {
  await analytics.kill();
  const before = await known();
  await client.query("DELETE FROM windows WHERE NOT (symbol = $1 AND interval = 'S1')", [QUIET]);
  await client.query("DELETE FROM consumer_positions");
  await client.query("DELETE FROM bars WHERE symbol = ANY($1)", [[REVISED, JUMPY]]);
  const ran = await rebuild();
  expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
  expect(ran.stdout).toContain("10 bars of them were in the windows alone");
  expect(ran.stdout).toContain("no position was kept of partition");
  expect(await known()).toEqual(before);
});

test("however few bars are held at a time, all are written", async () => {
  const before = await known();
  await client.query("DELETE FROM bars WHERE symbol = ANY($1)", [[REVISED, JUMPY]]);
  const session = await openRebuildSession(database.url, log);
  try {
    await rebuildBars({ client: session, kafka, log, unwrittenMax: 10 });
  } finally {
    await session.end();
  }
  expect(await known()).toEqual(before);
});

test("where Kafka has less than was read of it, it refuses", async () => {
  const before = await known();
  await client.query("UPDATE consumer_positions SET next_offset = next_offset + 1000000 WHERE partition = $1", [
    [...partitions][0],
  ]);
  const { exitCode, stderr } = await rebuild();
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 75,
    stderr: expect.stringMatching(/^REBUILD_REFUSED: Kafka has less/),
  });
  await client.query("UPDATE consumer_positions SET next_offset = next_offset - 1000000 WHERE partition = $1", [
    [...partitions][0],
  ]);
  expect(await known()).toEqual(before);
});

test("all that is wrong is told at once", async () => {
  const usage = await rebuild(["everything", "more"]);
  expect(usage.exitCode).toBe(64);
  expect(usage.stderr).toContain("everything is nothing that can be rebuilt");
  expect(usage.stderr).toContain("one part at a time: more");

  const configuration = await rebuild(["analytics"], { DATABASE_URL: "nowhere", KAFKA_TLS: "perhaps" });
  expect(configuration.exitCode).toBe(78);
  expect(configuration.stderr).toMatch(/DATABASE_URL: .*\n.*KAFKA_TLS: /);

  const closed = `127.0.0.1:${await freePort()}`;
  const unreachable = await rebuild(["analytics"], { DATABASE_URL: `postgres://${closed}/mib`, KAFKA_BROKERS: closed });
  expect(unreachable.exitCode).toBe(69);
  expect(unreachable.stderr).toMatch(/SERVICE_UNAVAILABLE: PostgreSQL .*\nSERVICE_UNAVAILABLE: Kafka /);
});

test("a process that starts while a rebuild is under way waits for its end, within bounds", async () => {
  const service = createService("analytics");
  const rebuilding = new pg.Client({ connectionString: database.url });
  await rebuilding.connect();
  try {
    await rebuilding.query("SELECT pg_advisory_lock(hashtextextended('analytics:rebuild', 0))");
    await expect(holdOffRebuilds(service, database.url, { waitMsMax: 300 })).rejects.toMatchObject({
      code: "SERVICE_UNAVAILABLE",
    });
    let holds = false;
    const waiting = holdOffRebuilds(service, database.url).then(() => (holds = true));
    expect(holds).toBe(false);
    await rebuilding.end();
    await waiting;
    expect(await rebuild()).toMatchObject({ exitCode: 75 });
  } finally {
    await service.shutdown("end of the test");
  }
});
