import { randomUUID } from "node:crypto";
import { createKafka, type KafkaClient } from "@mib/events/kafka";
import { createEventProducer, type EventProducer } from "@mib/events/producer";
import { formatE9 } from "@mib/protocol/decimal";
import { formatNanos } from "@mib/protocol/instant";
import { createService, type Service } from "@mib/service/run";
import { openDatabase, type Database } from "@mib/subgraph-server/database";
import { inTransaction } from "@mib/subgraph-server/transaction";
import { eventually } from "@mib/testkit/eventually";
import {
  createTestDatabase,
  createTestTopics,
  servers,
  type TestDatabase,
  type TestTopics,
} from "@mib/testkit/servers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { comparePlaces, type TradePlace } from "../domain/trade-place.ts";
import { PostgresTrades } from "./postgres-trades.ts";
import type { StoredTrade } from "./trade-event.ts";
import { holdPositions, savePositions } from "./trade-positions.ts";
import { TradeTable } from "./trade-table.ts";
import { startTradeWriter } from "./trade-writer.ts";

const migrations = new URL("../../migrations/", import.meta.url);
const AUGUST = BigInt(Date.parse("2024-08-08T12:00:00Z")) * 1_000_000n;
const SECOND = 1_000_000_000n;
const PARTITIONS = 2;
const TEST_LOCK = 7;
const epoch = randomUUID();
const trade = (sequence: number, rest: Partial<StoredTrade> = {}): StoredTrade => ({
  symbol: "BTCUSDT",
  atNanos: AUGUST + BigInt(sequence) * SECOND + 123_456_789n,
  sequence: BigInt(sequence),
  ordinal: 0n,
  id: String(1_000 + sequence),
  priceE9: 57_000_000_000_001n,
  sizeE9: 4_611_686_018_427_387_904n,
  side: sequence % 3 === 0 ? null : "BUY",
  epoch,
  ...rest,
});

let server: TestDatabase;
let service: Service;
let database: Database;

beforeEach(async () => {
  server = await createTestDatabase("trades");
  service = createService("market-data");
  database = await openDatabase(service, { url: server.url, schema: "market_data", migrations });
});
afterEach(async () => {
  await service.shutdown("end of the test");
  await server.drop();
});

const sequencesOf = (trades: readonly TradePlace[]) => trades.map(({ sequence }) => Number(sequence));
const last = (count: number, rest = {}) => ({ after: null, before: null, count, end: "LAST" as const, ...rest });
const first = (count: number, rest = {}) => ({ ...last(count, rest), end: "FIRST" as const });

describe("history", () => {
  const write = (table: TradeTable, ...given: StoredTrade[]) =>
    inTransaction(database, (client) => table.write(client, given));
  const read = async (window: ReturnType<typeof last> | ReturnType<typeof first>, symbol = "BTCUSDT") =>
    (await new PostgresTrades({ database }).tradesBetween(symbol, window)).trades;

  test("what is written is read back digit for digit, oldest first", async () => {
    const odd = trade(2, { symbol: "A\tB\\N\nC", id: "\\.", side: null, atNanos: AUGUST });
    expect(await write(new TradeTable(), trade(2), trade(1), odd)).toBe(3);
    expect(await read(last(10))).toEqual(
      [trade(1), trade(2)].map(({ symbol, atNanos, sequence, ordinal, id, priceE9, sizeE9, side }) => ({
        symbol,
        atNanos,
        sequence,
        ordinal,
        id,
        side,
        price: formatE9(priceE9),
        size: formatE9(sizeE9),
      })),
    );
    expect(await read(last(10), odd.symbol)).toMatchObject([{ symbol: odd.symbol, id: "\\.", side: null }]);
    expect(await new PostgresTrades({ database }).findTrade("BTCUSDT", 1_002n)).toMatchObject({ sequence: 2n });
    expect(await new PostgresTrades({ database }).findTrade("BTCUSDT", 1n)).toBeNull();
  });

  test("a window is read from either end, across partitions, without its bounds", async () => {
    const all = Array.from({ length: 40 }, (_, at) =>
      trade(at + 1, { atNanos: AUGUST + BigInt(at) * 3_600n * SECOND }),
    );
    await write(new TradeTable(), ...all);
    expect(sequencesOf(await read(first(3)))).toEqual([1, 2, 3]);
    expect(sequencesOf(await read(last(3)))).toEqual([38, 39, 40]);
    expect(sequencesOf(await read(first(9, { after: all[4], before: all[8] })))).toEqual([6, 7, 8]);
    expect(sequencesOf(await read(last(2, { after: all[4], before: all[8] })))).toEqual([7, 8]);
  });

  test("of one moment the order is sequence, ordinal, id, and each of them is a bound", async () => {
    const at = { atNanos: AUGUST };
    const all = [
      trade(1, at),
      trade(2, { ...at, id: "9" }),
      trade(2, { ...at, id: "91" }),
      trade(2, { ...at, ordinal: 1n, id: "1" }),
      trade(3, at),
    ];
    await write(new TradeTable(), ...[...all].reverse());
    for (const [place, after] of all.entries()) {
      expect((await read(first(9, { after }))).map(({ id }) => id)).toEqual(all.slice(place + 1).map(({ id }) => id));
      expect((await read(last(9, { before: after }))).map(({ id }) => id)).toEqual(
        all.slice(0, place).map(({ id }) => id),
      );
    }
    expect([...all].sort(comparePlaces)).toEqual(all);
  });

  test("what is there already is written once, its neighbours are written all the same, and by two at once as well", async () => {
    await write(new TradeTable(), trade(1), trade(3));
    expect(await write(new TradeTable(), trade(1), trade(2), trade(3), trade(4))).toBe(2);
    // Published again in a later epoch: the same trade.
    expect(await write(new TradeTable(), trade(4, { epoch: randomUUID() }))).toBe(0);
    const written = await Promise.all(
      [new TradeTable(), new TradeTable()].map((table) => write(table, trade(5), trade(6))),
    );
    expect(written.reduce((sum, count) => sum + count, 0)).toBe(2);
    expect(sequencesOf(await read(last(10)))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("partitions beyond the retention are dropped, and their room is counted", async () => {
    const table = new TradeTable();
    const days = [0, 1, 2, 3].map((day) => trade(day + 1, { atNanos: AUGUST + BigInt(day) * 86_400n * SECOND }));
    await write(table, ...days);
    const now = Date.parse("2024-08-11T12:00:00Z");
    expect(await table.dropExpired(database, { days: 2, bytesMax: 1e12 }, now)).toEqual(["trades_20240808_12"]);
    expect(sequencesOf(await read(last(9)))).toEqual([2, 3, 4]);
    expect(await table.dropExpired(database, { days: 2, bytesMax: 1 }, now)).toHaveLength(2);
    expect(sequencesOf(await read(last(9)))).toEqual([4]);
    // What was dropped can come again.
    await write(table, days[0]!);
    expect(sequencesOf(await read(last(9)))).toEqual([1, 4]);
  });

  test("whoever reads need not wait for a partition that is being made", async () => {
    const table = new TradeTable();
    await write(table, trade(1));
    await inTransaction(database, async (client) => {
      await table.write(client, [trade(2, { atNanos: AUGUST + 86_400n * SECOND })]);
      expect(sequencesOf(await read(last(9)))).toEqual([1]);
      // A writer that needs no new one does not wait either.
      expect(await write(new TradeTable(), trade(3))).toBe(1);
    });
    expect(sequencesOf(await read(last(9)))).toEqual([1, 3, 2]);
  });

  const expire = (table: TradeTable) =>
    table.dropExpired(database, { days: 2, bytesMax: 1e12 }, Date.parse("2024-08-13T12:00:00Z"));
  /** Of whoever waits to detach or drop a partition. */
  const dropping = async () => {
    const { rows } = await database.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
         AND query ~ '(DETACH|DROP)' AND query !~ 'pg_stat_activity'`,
    );
    expect(rows).toHaveLength(1);
    return rows[0]!.pid;
  };

  /** There are two days, of which the first is expired; somebody who reads them is not done before `work` is. */
  async function whileRead(table: TradeTable, work: () => Promise<void>): Promise<void> {
    await write(table, trade(1), trade(2, { atNanos: AUGUST + 5n * 86_400n * SECOND }));
    await inTransaction(database, async (client) => {
      await client.query("SELECT count(*) FROM trades");
      await work();
    });
  }

  test("whoever reads or writes need not wait for a partition that is being dropped, whoever else reads", async () => {
    const table = new TradeTable();
    let dropped = Promise.resolve<string[]>([]);
    await whileRead(table, async () => {
      dropped = expire(table);
      await eventually(dropping);
      expect(sequencesOf(await read(last(9)))).toEqual([2]);
      await write(new TradeTable(), trade(3, { atNanos: AUGUST + 5n * 86_400n * SECOND + SECOND }));
      await dropping();
    });
    expect(await dropped).toEqual(["trades_20240808_12"]);
    expect(sequencesOf(await read(last(9)))).toEqual([2, 3]);
  });

  test("what was left half dropped is dropped the next time", async () => {
    const table = new TradeTable();
    await whileRead(table, async () => {
      const refused = expect(expire(table)).rejects.toMatchObject({ code: "57014" });
      await database.query("SELECT pg_cancel_backend($1)", [await eventually(dropping)]);
      await refused;
    });
    expect(await expire(table)).toEqual(["trades_20240808_12"]);
    await write(table, trade(1));
    await database.query("ALTER TABLE trades DETACH PARTITION trades_20240808_12");
    expect(await expire(table)).toEqual(["trades_20240808_12"]);
    expect(await write(new TradeTable(), trade(1))).toBe(1);
  });

  test("a partition that another process has dropped is made again when the write is tried again", async () => {
    const table = new TradeTable();
    await write(table, trade(1));
    table.notePartitions([trade(1)]);
    await database.query("DROP TABLE trades_20240808_12");
    await expect(write(table, trade(2))).rejects.toMatchObject({ code: "23514" });
    expect(await write(table, trade(2))).toBe(1);
    expect(sequencesOf(await read(last(9)))).toEqual([2]);
  });
});

describe("the writer", () => {
  let kafka: KafkaClient;
  let producer: EventProducer;
  let topics: TestTopics;
  let topic: string;

  beforeEach(async () => {
    kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "test");
    producer = createEventProducer({ kafka, log: createService("test").log });
    topics = await createTestTopics({ trades: PARTITIONS });
    topic = topics.names.trades as string;
  });
  afterEach(async () => {
    await producer.stop();
    await topics.drop();
  });

  /** A record as the engine publishes it. */
  function send(
    { symbol, atNanos, sequence, ordinal, id, priceE9, sizeE9, side, ...rest }: StoredTrade,
    value?: string,
  ) {
    return producer.sendRecord(topic, {
      key: symbol,
      value:
        value ??
        JSON.stringify({
          instrument: { symbol },
          id,
          price: formatE9(priceE9),
          size: formatE9(sizeE9),
          side,
          at: formatNanos(atNanos),
        }),
      headers: {
        channel: symbol,
        epoch: rest.epoch,
        sequence: String(sequence),
        ordinal: String(ordinal),
        "schema-version": "1",
      },
    });
  }

  async function startWriter(options: { database?: Database } = {}) {
    const own = createService("market-data");
    await startTradeWriter(own, { kafka, database, retention: { days: 30, bytesMax: 1e12 }, topic, ...options });
    const count = async (name: string) => {
      const { values } = await own.registry.getSingleMetric(`market_data_trades_${name}_total`)!.get();
      return values[0]?.value ?? 0;
    };
    return { own, count, stop: () => own.shutdown("end of the test") };
  }
  const history = () => new PostgresTrades({ database, topic: { name: topic, partitions: PARTITIONS } });
  const written = async (symbol = "BTCUSDT") =>
    sequencesOf((await history().tradesBetween(symbol, last(10_000))).trades);

  test("trades are written, it is known how far, and a new writer goes on behind what is written", async () => {
    await Promise.all([send(trade(1)), send(trade(2, { symbol: "ETHUSDT" })), send(trade(3))]);
    const one = await startWriter();
    await eventually(async () => expect([await written(), await written("ETHUSDT")]).toEqual([[1, 3], [2]]), {
      deadlineMs: 30_000,
    });
    expect((await history().tradesBetween("ETHUSDT", last(1))).writtenTo).toMatchObject({ epoch });
    expect((await history().tradesBetween("BTCUSDT", last(1))).writtenTo).toEqual({ epoch, sequence: 3n });
    await one.stop();

    // Whoever reads again from the start would write what was deleted here a second time.
    await database.query("DELETE FROM trades");
    await Promise.all([send(trade(3)), send(trade(4))]);
    const two = await startWriter();
    await eventually(async () => expect(await written()).toEqual([4]), { deadlineMs: 30_000 });
    await two.stop();
  });

  test("a record that is no trade is left out and counted, and its neighbours are written", async () => {
    await send(trade(1));
    await send(trade(2), "no JSON");
    await send(trade(3, { epoch: "no-uuid" }));
    await send(trade(4, { sequence: 2n ** 63n }));
    await send(trade(5, { id: "a\0b" }));
    await send(trade(6, { epoch: randomUUID() }));
    const writer = await startWriter();
    await eventually(async () => expect(await written()).toEqual([1, 6]), { deadlineMs: 30_000 });
    await eventually(async () => expect(await writer.count("refused")).toBe(4));
    await writer.stop();
  });

  test("a partition is held by one transaction at a time, and the next one finds where it stands", async () => {
    const begins = new Map([[0, 5n]]);
    const stands = { partition: 0, nextOffset: 9n, last: { epoch, id: "7-0" } };
    let second: Promise<unknown> = Promise.resolve();
    await inTransaction(database, (client) => holdPositions(client, topic, begins));
    await inTransaction(database, async (client) => {
      expect((await holdPositions(client, topic, begins)).get(0)).toEqual({ partition: 0, nextOffset: 5n, last: null });
      second = inTransaction(database, async (other) => (await holdPositions(other, topic, begins)).get(0));
      await eventually(async () =>
        expect(
          (
            await database.query(
              "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            )
          ).rowCount,
        ).toBe(1),
      );
      await savePositions(client, topic, [stands]);
    });
    expect(await second).toEqual(stands);
  });

  test("a topic that is read again from its beginning changes nothing", async () => {
    await Promise.all([send(trade(1)), send(trade(2))]);
    const one = await startWriter();
    await eventually(async () => expect(await written()).toEqual([1, 2]), { deadlineMs: 30_000 });
    await one.stop();
    await database.query("DELETE FROM consumer_positions");
    await send(trade(3));
    const two = await startWriter();
    await eventually(async () => expect(await written()).toEqual([1, 2, 3]), { deadlineMs: 30_000 });
    await eventually(async () => expect(await two.count("written")).toBe(1));
    await two.stop();
  });

  test("what the database loses of what a running writer wrote is read and written again", async () => {
    await Promise.all([send(trade(1)), send(trade(2)), send(trade(3))]);
    const writer = await startWriter();
    await eventually(async () => expect(await written()).toEqual([1, 2, 3]), { deadlineMs: 30_000 });
    // What a crash does to transactions that did not wait for the disk: first the last ones are gone, then all.
    await inTransaction(database, async (client) => {
      await client.query("DELETE FROM trades WHERE sequence > 1");
      await client.query("UPDATE consumer_positions SET next_offset = 1, id = '1-0' WHERE next_offset = 3");
    });
    await send(trade(4));
    await eventually(async () => expect(await written()).toEqual([1, 2, 3, 4]), { deadlineMs: 30_000 });
    await inTransaction(database, async (client) => {
      await client.query("DELETE FROM trades");
      await client.query("DELETE FROM consumer_positions");
    });
    await send(trade(5));
    await eventually(async () => expect(await written()).toEqual([1, 2, 3, 4, 5]), { deadlineMs: 30_000 });
    expect((await history().tradesBetween("BTCUSDT", last(1))).writtenTo).toEqual({ epoch, sequence: 5n });
    expect(await writer.count("missed")).toBe(0);
    await writer.stop();
  });

  test("where Kafka has less than was written, what it has now is written", async () => {
    await inTransaction(database, async (client) => {
      const stands = [0, 1].map((partition) => ({ partition, nextOffset: 1_000n, last: { epoch, id: "1-0" } }));
      await holdPositions(client, topic, new Map(stands.map(({ partition }) => [partition, 0n])));
      await savePositions(client, topic, stands);
    });
    await Promise.all([send(trade(1)), send(trade(2))]);
    const writers = await Promise.all([startWriter(), startWriter()]);
    await eventually(async () => expect(await written()).toEqual([2]), { deadlineMs: 30_000 });
    await send(trade(3));
    await eventually(async () => expect(await written()).toEqual([2, 3]), { deadlineMs: 30_000 });
    await Promise.all(writers.map(({ stop }) => stop()));
  });

  test("two writers at once whose connections are cut off write each trade once", async () => {
    const trades = 3_000;
    const symbols = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "ADAUSDT"];
    const sent = (async () => {
      for (let from = 1; from <= trades; from += 100) {
        const sequences = Array.from({ length: 100 }, (_, at) => from + at);
        await Promise.all(sequences.map((each) => send(trade(each, { symbol: symbols[each % 4]! }))));
        // As a producer does that does not know whether the broker had them.
        if (from % 300 === 1)
          await Promise.all(sequences.map((each) => send(trade(each, { symbol: symbols[each % 4]! }))));
      }
    })();
    // Each transaction waits for the test when its trades are copied and its position is not noted yet.
    await database.query(`CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock_shared(${TEST_LOCK}); RETURN NULL; END $$`);
    await database.query(
      "CREATE TRIGGER wait BEFORE UPDATE ON consumer_positions FOR EACH STATEMENT EXECUTE FUNCTION wait_for_test()",
    );
    const holder = await database.connect();
    await holder.query(`SELECT pg_advisory_lock(${TEST_LOCK})`);
    const mates = await Promise.all([startWriter(), startWriter()]);
    const cut = new Set<number>();
    await eventually(
      async () => {
        const { rows } = await database.query<{ pid: number }>(
          `SELECT pid, pg_terminate_backend(pid) FROM pg_locks
           WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
             AND objid = ${TEST_LOCK} AND NOT granted`,
        );
        for (const { pid } of rows) cut.add(pid);
        expect(cut.size).toBeGreaterThanOrEqual(5);
      },
      { deadlineMs: 120_000 },
    );
    expect(await Promise.all(symbols.map((symbol) => written(symbol)))).toEqual(symbols.map(() => []));
    await holder.query(`SELECT pg_advisory_unlock(${TEST_LOCK})`);
    holder.release();
    await eventually(
      async () => {
        const counts = await Promise.all(symbols.map(async (symbol) => (await written(symbol)).length));
        expect(counts).toEqual(symbols.map(() => trades / 4));
      },
      { deadlineMs: 120_000 },
    );
    await sent;
    for (const [at, symbol] of symbols.entries())
      expect(await written(symbol)).toEqual(
        Array.from({ length: trades }, (_, index) => index + 1).filter((each) => each % 4 === at),
      );
    await Promise.all(mates.map(({ stop }) => stop()));
  });
});
