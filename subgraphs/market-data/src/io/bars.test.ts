import { randomUUID } from "node:crypto";
import { createKafka, type KafkaClient } from "@mib/events/kafka";
import { createEventProducer, type EventProducer } from "@mib/events/producer";
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
import type { Bar } from "../domain/bar.ts";
import { startBarWriter } from "./bar-writer.ts";
import { PostgresBars } from "./postgres-bars.ts";

const migrations = new URL("../../migrations/", import.meta.url);
const AUGUST = Date.parse("2024-08-08T12:00:00Z");
const bar = (minute: number, rest: Partial<Bar> = {}): Bar => ({
  symbol: "BTCUSDT",
  interval: "M1",
  openedAtMs: AUGUST + minute * 60_000,
  open: "57000.1",
  high: "57001",
  low: "56999.999999999",
  close: "57000",
  volume: "12345678901234567890.123456789",
  vwap: "57000.05",
  tradeCount: 3,
  final: true,
  revision: 0,
  ...rest,
});
const everything = { fromNanos: null, toNanos: null };

let server: TestDatabase;
let service: Service;
let database: Database;

beforeEach(async () => {
  server = await createTestDatabase("bars");
  service = createService("market-data");
  database = await openDatabase(service, { url: server.url, schema: "market_data", migrations });
});
afterEach(async () => {
  await service.shutdown("end of the test");
  await server.drop();
});

describe("history", () => {
  const write = async (bars: PostgresBars, ...given: Bar[]) => {
    await inTransaction(database, (client) => bars.write(client, given));
    bars.notePartitions(given);
  };

  test("what is written is read back digit for digit, newest last", async () => {
    const bars = new PostgresBars(database);
    const given = [bar(0), bar(1, { vwap: null, volume: "0" }), bar(2)];
    await write(bars, given[2]!, given[0]!, given[1]!);
    expect(await bars.bars("BTCUSDT", "M1", everything, 10)).toEqual(given);
    expect(await bars.bars("BTCUSDT", "M1", everything, 2)).toEqual(given.slice(1));
    expect(await bars.bars("BTCUSDT", "M5", everything, 2)).toEqual([]);
  });

  test("a range includes its beginning and not its end, to the nanosecond", async () => {
    const bars = new PostgresBars(database);
    await write(bars, bar(0), bar(1), bar(2));
    const nanos = (minute: number, more = 0n) => BigInt(AUGUST + minute * 60_000) * 1_000_000n + more;
    const read = async (fromNanos: bigint | null, toNanos: bigint | null) =>
      (await bars.bars("BTCUSDT", "M1", { fromNanos, toNanos }, 10)).map(
        ({ openedAtMs }) => (openedAtMs - AUGUST) / 60_000,
      );
    expect(await read(nanos(1), nanos(2))).toEqual([1]);
    expect(await read(nanos(1, 1_000n), null)).toEqual([2]);
    expect(await read(null, nanos(1, 1_000n))).toEqual([0, 1]);
  });

  test("a later revision replaces an earlier one and never the reverse", async () => {
    const bars = new PostgresBars(database);
    await write(bars, bar(0, { close: "2", revision: 1 }));
    await write(bars, bar(0, { close: "1", revision: 0 }));
    expect((await bars.bars("BTCUSDT", "M1", everything, 1))[0]).toMatchObject({ close: "2", revision: 1 });
    await write(bars, bar(0, { close: "3", revision: 2 }));
    expect((await bars.bars("BTCUSDT", "M1", everything, 1))[0]).toMatchObject({ close: "3", revision: 2 });
  });

  test("partitions are made for whatever time comes, also by two writers at once, and old ones are dropped", async () => {
    const years = [2019, 2023, 2024].map((year) => bar(0, { openedAtMs: Date.UTC(year, 6, 1) }));
    await Promise.all(
      [new PostgresBars(database), new PostgresBars(database)].map((bars) =>
        write(bars, ...years, bar(0, { interval: "D1", openedAtMs: Date.UTC(1999, 0) })),
      ),
    );
    const bars = new PostgresBars(database);
    expect(await bars.bars("BTCUSDT", "M1", everything, 10)).toHaveLength(3);
    expect(await bars.dropExpired({ M1: 60, M5: 60, H1: 60, D1: 36_500 })).toEqual([
      "bars_m1_201907",
      "bars_m1_202307",
    ]);
    expect((await bars.bars("BTCUSDT", "M1", everything, 10)).map(({ openedAtMs }) => openedAtMs)).toEqual([
      Date.UTC(2024, 6, 1),
    ]);
    expect(await bars.bars("BTCUSDT", "D1", everything, 10)).toHaveLength(1);
  });

  test("whoever reads need not wait for a partition that is being made", async () => {
    const bars = new PostgresBars(database);
    await write(bars, bar(1));
    await inTransaction(database, async (client) => {
      await bars.write(client, [bar(0, { openedAtMs: Date.UTC(2019, 6, 1) })]);
      expect(await bars.bars("BTCUSDT", "M1", everything, 10)).toHaveLength(1);
    });
    expect(await bars.bars("BTCUSDT", "M1", everything, 10)).toHaveLength(2);
  });

  test("a partition that another process has dropped is made again when the write is tried again", async () => {
    const bars = new PostgresBars(database);
    await write(bars, bar(1));
    await database.query("DROP TABLE bars_m1_202408");
    await expect(write(bars, bar(2))).rejects.toMatchObject({ code: "23514" });
    await write(bars, bar(2));
    expect(await bars.bars("BTCUSDT", "M1", everything, 10)).toHaveLength(1);
  });
});

describe("the writer", () => {
  let kafka: KafkaClient;
  let producer: EventProducer;
  let topics: TestTopics;
  const epoch = randomUUID();
  let sequence = 0;

  beforeEach(async () => {
    kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "test");
    producer = createEventProducer({ kafka, log: createService("test").log });
    topics = await createTestTopics({ bars: 2 });
  });
  afterEach(async () => {
    await producer.stop();
    await topics.drop();
  });

  /** A record as the engine publishes it. */
  function send({ symbol, openedAtMs, ...rest }: Bar, value?: string): Promise<void> {
    sequence += 1;
    return producer.sendRecord(topics.names.bars as string, {
      key: symbol,
      value:
        value ??
        JSON.stringify({
          instrument: { symbol },
          openedAt: new Date(openedAtMs).toISOString().replace(".000", ""),
          ...rest,
        }),
      headers: {
        channel: `${symbol}/${rest.interval}`,
        epoch,
        sequence: String(sequence),
        ordinal: "0",
        "schema-version": "1",
      },
    });
  }

  async function startWriter() {
    const own = createService("market-data");
    const bars = new PostgresBars(database);
    await startBarWriter(own, {
      kafka,
      database,
      bars,
      retentionDays: { M1: 60, M5: 60, H1: 60, D1: 60 },
      topic: topics.names.bars as string,
    });
    return { bars, stop: () => own.shutdown("end of the test"), own };
  }
  const minutes = async (symbol = "BTCUSDT") =>
    (await new PostgresBars(database).bars(symbol, "M1", everything, 100)).map(
      ({ openedAtMs }) => (openedAtMs - AUGUST) / 60_000,
    );

  test("bars of a minute and longer are written, those of a second are not, and a new writer goes on behind what is written", async () => {
    await Promise.all([
      send(bar(0)),
      send(bar(0, { interval: "S1" })),
      send(bar(0, { symbol: "ETHUSDT" })),
      send(bar(1)),
    ]);
    const first = await startWriter();
    await eventually(async () => expect([await minutes(), await minutes("ETHUSDT")]).toEqual([[0, 1], [0]]), {
      deadlineMs: 30_000,
    });
    await first.stop();
    const { rows } = await database.query("SELECT interval, count(*)::int AS bars FROM bars GROUP BY 1 ORDER BY 1");
    expect(rows).toEqual([{ interval: "M1", bars: 3 }]);

    // Whoever reads again from the start would write what was deleted here a second time.
    await database.query("DELETE FROM bars");
    await send(bar(2));
    const second = await startWriter();
    await eventually(async () => expect(await minutes()).toEqual([2]), { deadlineMs: 30_000 });
    await second.stop();
  });

  test("a record that is no bar is left out and counted, and its neighbours are written", async () => {
    await send(bar(0));
    await send(bar(1), `{"instrument":{}}`);
    await send(bar(2), "no JSON");
    await send(bar(3));
    const writer = await startWriter();
    await eventually(async () => expect(await minutes()).toEqual([0, 3]), { deadlineMs: 30_000 });
    expect((await writer.own.registry.getSingleMetric("market_data_bars_refused_total")!.get()).values).toMatchObject([
      { value: 2 },
    ]);
    await writer.stop();
  });

  test("bars wait for a database that does not take them, and none is lost", async () => {
    await database.query("ALTER TABLE bars RENAME TO hidden");
    await Promise.all([send(bar(0)), send(bar(1))]);
    const writer = await startWriter();
    await eventually(() => expect(writer.own.registry.getSingleMetric("market_data_bars_written_total")).toBeDefined());
    await send(bar(2));
    await database.query("ALTER TABLE hidden RENAME TO bars");
    await eventually(async () => expect(await minutes()).toEqual([0, 1, 2]), { deadlineMs: 30_000 });
    await writer.stop();
  });
});
