import { randomUUID } from "node:crypto";
import { createKafka, type KafkaClient } from "@mib/events/kafka";
import { parseE9 } from "@mib/protocol/decimal";
import { FeedSession } from "@mib/protocol/feed-session";
import { DataSource, InstrumentClass, Side } from "@mib/protocol/messages.generated";
import { createService, type Service } from "@mib/service/run";
import { openDatabase, type Database } from "@mib/subgraph-server/database";
import { startTestSubgraph, type TestSubgraph } from "@mib/subgraph-server/test-subgraph";
import { eventually } from "@mib/testkit/eventually";
import { createTestDatabase, servers, type TestDatabase } from "@mib/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTradeWriter } from "./io/trade-writer.ts";
import { marketDataSubgraph } from "./subgraph.ts";
import { engineIsBuilt, startTestEngine, type TestEngine } from "./test-engine.ts";

const migrations = new URL("../migrations/", import.meta.url);
const START = BigInt(Date.parse("2024-08-08T11:58:00Z")) * 1_000_000n;
const SYMBOL = "BTCUSDT";
const TRADES = 400;
const REMEMBERED = 30;
const TOPICS = ["market.quotes.v1", "market.trades.v1", "market.bars.v1", "market.bars.current.v1"];

/** The n-th trade that comes; every seventh is half a minute late, every fifth at the moment of the one before it. */
function timeOf(index: number): bigint {
  const second = index % 5 === 4 ? index - 1 : index;
  return START + BigInt(index % 7 === 6 ? second - 30 : second) * 1_000_000_000n;
}

interface Edge {
  cursor: string;
  node: { id: string; at: string };
}

describe.skipIf(!engineIsBuilt)("trades that the engine has forgotten", () => {
  const prefix = `trade-history-${randomUUID()}-`;
  let server: TestDatabase;
  let engine: TestEngine;
  let session: FeedSession;
  let subgraph: TestSubgraph;
  let writer: Service;
  let database: Database;
  let fed = 0;
  /** Ids in the order of the API: by time, those of one moment as they came. */
  const expected = () =>
    Array.from({ length: fed }, (_, index) => index)
      .sort((left, right) => (timeOf(left) === timeOf(right) ? left - right : timeOf(left) < timeOf(right) ? -1 : 1))
      .map((index) => String(index + 1));

  beforeAll(async () => {
    server = await createTestDatabase("trade-history");
    const topics = TOPICS.map((topic) => ({ topic: prefix + topic, numPartitions: 8 }));
    await asAdmin((admin) => admin.createTopics({ topics, waitForLeaders: true }));
    engine = await startTestEngine({
      ENGINE_TRADES_MAX: String(REMEMBERED),
      KAFKA_BROKERS: servers.kafkaBrokers.join(","),
      ENGINE_TOPIC_PREFIX: prefix,
    });
    session = new FeedSession({ address: engine.address, session: "test", feed: "test", source: DataSource.REPLAY });
    await session.start();
    subgraph = await startTestSubgraph("market-data", async (service) => {
      database = await openDatabase(service, { url: server.url, schema: "market_data", migrations });
      const { options } = await marketDataSubgraph(service, {
        database,
        engine: { addresses: [engine.address], connections: 2, timeoutMs: 2_000 },
        answerRowsMax: 100_000,
        tradesTopic: { name: `${prefix}market.trades.v1`, partitions: 8 },
      });
      return options;
    });
  });
  afterAll(async () => {
    await writer?.shutdown("end of the test");
    await subgraph?.stop();
    await session?.close({ timeoutMs: 500 });
    await engine?.remove();
    await server?.drop();
    await asAdmin((admin) => admin.deleteTopics({ topics: TOPICS.map((topic) => prefix + topic) }));
  });

  async function asAdmin(work: (admin: ReturnType<KafkaClient["admin"]>) => Promise<unknown>): Promise<void> {
    const admin = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "test").admin();
    await admin.connect();
    await work(admin);
    await admin.disconnect();
  }

  const instruments = () =>
    ["OTHER", SYMBOL].map((symbol) =>
      session.defineInstrument({
        symbol,
        name: symbol,
        venue: "TEST",
        venueSymbol: symbol,
        class: InstrumentClass.CRYPTO,
        source: DataSource.REPLAY,
      }),
    ) as [number, number];

  async function feed(count: number): Promise<void> {
    const [other, own] = instruments();
    for (; count > 0; count -= 1, fed += 1) {
      const rest = { tsEventNanos: timeOf(fed), priceE9: parseE9(`${100 + fed}.5`), sizeE9: 1n, side: Side.SELL };
      // Another instrument's trades make holes in the sequences of this one.
      if (fed % 3 === 0) session.trade({ ...rest, instrumentId: other, tradeId: BigInt(fed + 1) });
      session.trade({ ...rest, instrumentId: own, tradeId: BigInt(fed + 1) });
    }
    await session.flush();
  }

  async function startWriter(): Promise<void> {
    writer = createService("market-data");
    await startTradeWriter(writer, {
      kafka: createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "test"),
      database,
      retention: { days: 30, bytesMax: 1e12 },
      topic: `${prefix}market.trades.v1`,
    });
  }

  async function page(given: string) {
    const { data, errors } = await subgraph.ask(
      `{ instrument(symbol: "${SYMBOL}") { tradeHistory(${given}) {
           edges { cursor node { id at } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`,
    );
    if (errors) throw Object.assign(new Error(errors[0]!.message), { code: errors[0]!.extensions?.code });
    return data.instrument.tradeHistory;
  }

  async function everyPage(direction: "first" | "last", count: number, range = ""): Promise<Edge[]> {
    const all: Edge[] = [];
    for (let cursor = ""; ;) {
      const { edges, pageInfo } = await page(`${direction}: ${count} ${cursor} ${range}`);
      if (direction === "first") all.push(...edges);
      else all.unshift(...edges);
      if (direction === "first" ? !pageInfo.hasNextPage : !pageInfo.hasPreviousPage) return all;
      cursor = direction === "first" ? `after: "${pageInfo.endCursor}"` : `before: "${pageInfo.startCursor}"`;
    }
  }
  const ids = (edges: readonly Edge[]) => edges.map(({ node }) => node.id);

  test("what is not written down yet is not left out: the page is refused", async () => {
    await feed(TRADES - 50);
    // What is sent is in the engine a moment later.
    await eventually(async () => {
      const { data } = await subgraph.ask(`{ instrument(symbol: "${SYMBOL}") { trades(last: 3) { id } } }`);
      expect(data.instrument?.trades.map(({ id }: { id: string }) => id)).toEqual(expected().slice(-3));
    });
    await expect(page("first: 10")).rejects.toMatchObject({ code: "TRADES_NOT_WRITTEN_YET" });
  });

  test("pages of both directions have every trade once, while more come and are written", async () => {
    await startWriter();
    await eventually(() => page("first: 10"), { deadlineMs: 60_000 });
    expect(ids(await everyPage("first", 37))).toEqual(expected());
    expect(ids(await everyPage("last", 23))).toEqual(expected());
    await feed(50);
    expect(expected()).toHaveLength(TRADES);
    await eventually(async () => expect(ids(await everyPage("last", 41))).toEqual(expected()), { deadlineMs: 60_000 });
  });

  test("a range begins with its first moment and ends before its last, on either side of the border", async () => {
    for (const [from, to] of [
      [timeOf(20), timeOf(60)],
      [timeOf(TRADES - 60), timeOf(TRADES - 5)],
    ] as const) {
      const iso = (nanos: bigint) => new Date(Number(nanos / 1_000_000n)).toISOString().replace(".000", "");
      const range = `from: "${iso(from)}", to: "${iso(to)}"`;
      const inside = expected().filter((id) => timeOf(Number(id) - 1) >= from && timeOf(Number(id) - 1) < to);
      expect(ids(await everyPage("first", 7, range))).toEqual(inside);
      expect(ids(await everyPage("last", 7, range))).toEqual(inside);
    }
  });

  test("`trades` pages backwards by a trade's id, also by one that is forgotten", async () => {
    const seen: string[] = [];
    for (let before = ""; ;) {
      const { data } = await subgraph.ask(`{ instrument(symbol: "${SYMBOL}") { trades(last: 90${before}) { id } } }`);
      const found = data.instrument.trades.map(({ id }: { id: string }) => id);
      if (found.length === 0) break;
      seen.unshift(...found);
      before = `, before: "${found[0]}"`;
    }
    expect(seen).toEqual(expected());
  });

  test("an engine that was killed and has recovered goes on at the same border", async () => {
    await engine.kill();
    // What is written answers meanwhile.
    expect(ids(await everyPage("last", 100))).toEqual(expected());
    await engine.start();
    await eventually(async () => expect(ids(await everyPage("first", 100))).toEqual(expected()), {
      deadlineMs: 60_000,
    });
  });

  test.each([
    ["first: 1, last: 1", "BAD_USER_INPUT"],
    [`first: 1, after: "x"`, "BAD_USER_INPUT"],
    [`last: 1, before: "${Buffer.from('["1","2","x","3"]').toString("base64url")}"`, "BAD_USER_INPUT"],
    ["last: 1001", "RANGE_TOO_LARGE"],
    ["last: -1", "BAD_USER_INPUT"],
  ])("tradeHistory(%s) is refused with %s", async (given, code) => {
    await expect(page(given)).rejects.toMatchObject({ code });
  });
});
