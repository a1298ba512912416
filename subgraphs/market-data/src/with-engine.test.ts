import { EngineShards } from "@mib/protocol/engine-shards";
import { FeedSession } from "@mib/protocol/feed-session";
import { parseE9 } from "@mib/protocol/decimal";
import { DataSource, InstrumentClass, Side } from "@mib/protocol/messages.generated";
import { createService } from "@mib/service/run";
import { openDatabase } from "@mib/subgraph-server/database";
import { startTestSubgraph, type TestSubgraph } from "@mib/subgraph-server/test-subgraph";
import { inTransaction } from "@mib/subgraph-server/transaction";
import { eventually } from "@mib/testkit/eventually";
import { createTestDatabase, type TestDatabase } from "@mib/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isStored } from "./domain/bar.ts";
import { EngineMarket } from "./io/engine-market.ts";
import { InstrumentDirectory } from "./io/instrument-directory.ts";
import { PostgresInstruments } from "./io/postgres-instruments.ts";
import { marketDataSubgraph } from "./subgraph.ts";
import { engineIsBuilt, startTestEngine, type TestEngine } from "./test-engine.ts";

const migrations = new URL("../migrations/", import.meta.url);
const MINUTES = 40;
const START = Date.parse("2024-08-08T12:00:00Z");
const nanosAt = (minute: number, seconds = 0) => BigInt(START + minute * 60_000 + seconds * 1_000) * 1_000_000n;
const SYMBOLS = ["BTCUSDT", "ETHUSDT", "QUIET"];

/** A small market: a trade and a quote each half minute, one book, and one instrument that is only defined. */
async function feed(engine: TestEngine): Promise<FeedSession> {
  const session = new FeedSession({
    address: engine.address,
    session: "test",
    feed: "test-feed",
    source: DataSource.REPLAY,
  });
  await session.start();
  const [btc, eth] = SYMBOLS.map((symbol) =>
    session.defineInstrument({
      symbol,
      name: `${symbol} name`,
      venue: "BINANCE",
      venueSymbol: symbol,
      class: InstrumentClass.CRYPTO,
      source: DataSource.REPLAY,
    }),
  ) as [number, number, number];
  let tradeId = 0n;
  for (let minute = 0; minute < MINUTES; minute += 1) {
    for (const [seconds, price] of [
      [10, 100 + minute],
      [40, 100.5 + minute],
    ] as const) {
      for (const [instrumentId, factor] of [
        [btc, 1],
        [eth, 0.5],
      ] as const) {
        tradeId += 1n;
        const tsEventNanos = nanosAt(minute, seconds);
        session.trade({
          instrumentId,
          tsEventNanos,
          tsRecvNanos: tsEventNanos,
          tradeId,
          priceE9: parseE9(String(price * factor)),
          sizeE9: parseE9("0.25"),
          side: Side.BUY,
        });
        session.quote({
          instrumentId,
          tsEventNanos,
          bidPriceE9: parseE9(String(price * factor - 0.25)),
          bidSizeE9: parseE9("1"),
          askPriceE9: parseE9(String(price * factor)),
          askSizeE9: parseE9("2.5"),
        });
      }
    }
  }
  const levels = [99, 98, 97].map((price, at) => ({
    side: Side.BUY,
    priceE9: parseE9(String(price)),
    sizeE9: parseE9(`${at + 1}`),
  }));
  const asks = [101, 102, 103].map((price, at) => ({
    side: Side.SELL,
    priceE9: parseE9(String(price)),
    sizeE9: parseE9(`${at + 1}`),
  }));
  session.bookSnapshot({
    instrumentId: btc,
    tsEventNanos: nanosAt(MINUTES - 1, 41),
    venueSequence: 1n,
    levels: [...levels, ...asks],
  });
  session.clock(nanosAt(MINUTES - 1, 42));
  await session.flush();
  return session;
}

describe.skipIf(!engineIsBuilt)("with the engine", () => {
  let server: TestDatabase;
  let whole: TestEngine;
  let small: TestEngine;
  let sessions: FeedSession[];
  let subgraph: TestSubgraph;

  // Two engines get the same records. One remembers all of it, and its bars are written down as history; the subgraph asks the
  // other, which remembers ten minutes.
  beforeAll(async () => {
    server = await createTestDatabase("market-data");
    [whole, small] = await Promise.all([
      startTestEngine(),
      startTestEngine({ ENGINE_BARS_MAX_M1: "10", ENGINE_BARS_MAX_S1: "20" }),
    ]);
    sessions = [await feed(whole), await feed(small)];
    subgraph = await startTestSubgraph("market-data", async (service) => {
      const database = await openDatabase(service, {
        url: server.url,
        schema: "market_data",
        migrations,
      });
      const { history, options } = await marketDataSubgraph(service, {
        database,
        engine: { addresses: [small.address], connections: 2, timeoutMs: 2_000 },
        answerRowsMax: 100_000,
      });
      const engines = new EngineShards({ addresses: [whole.address] });
      for (const symbol of SYMBOLS) {
        for (const interval of ["M1", "M5"] as const) {
          const bars = await new EngineMarket(engines).bars(
            symbol,
            interval,
            { fromNanos: null, toNanos: null },
            10_000,
          );
          // History lags two bars behind, as a consumer may.
          await inTransaction(database, (transaction) =>
            history.write(transaction, bars.filter((bar) => bar.final && isStored(bar.interval)).slice(0, -2)),
          );
        }
      }
      engines.close();
      return options;
    });
  });
  afterAll(async () => {
    await subgraph?.stop();
    for (const session of sessions ?? []) await session.close({ timeoutMs: 500 });
    await Promise.all([whole, small].map((engine) => engine?.remove()));
    await server?.drop();
  });

  const instrument = async (fields: string, symbol = "BTCUSDT") => {
    const answer = await subgraph.ask(`{ instrument(symbol: "${symbol}") { ${fields} } }`);
    expect(answer.errors).toBeUndefined();
    return answer.data.instrument;
  };

  test("an instrument answers with its quote, last trade, statistics and book", async () => {
    expect(
      await instrument(
        "name class source quote { bidPrice bidSize askPrice askSize at stale instrument { symbol } } lastTrade { id price size side at } statistics { open high low last volume tradeCount changePercent } book(depth: 2) { bids { price size } asks { price size } }",
      ),
    ).toEqual({
      name: "BTCUSDT name",
      class: "CRYPTO",
      source: "REPLAY",
      quote: {
        bidPrice: "139.25",
        bidSize: "1",
        askPrice: "139.5",
        askSize: "2.5",
        at: "2024-08-08T12:39:40Z",
        stale: false,
        instrument: { symbol: "BTCUSDT" },
      },
      lastTrade: { id: String(MINUTES * 4 - 1), price: "139.5", size: "0.25", side: "BUY", at: "2024-08-08T12:39:40Z" },
      statistics: {
        open: "100",
        high: "139.5",
        low: "100",
        last: "139.5",
        volume: "20",
        tradeCount: 80,
        changePercent: 39.5,
      },
      book: {
        bids: [
          { price: "99", size: "1" },
          { price: "98", size: "2" },
        ],
        asks: [
          { price: "101", size: "1" },
          { price: "102", size: "2" },
        ],
      },
    });
  });

  test("an instrument that has not traded answers with nulls and empty lists", async () => {
    expect(
      await instrument(
        "quote { at } lastTrade { id } statistics { last } book { at } bars(interval: M1) { close } trades { id }",
        "QUIET",
      ),
    ).toEqual({ quote: null, lastTrade: null, statistics: null, book: null, bars: [], trades: [] });
  });

  test("bars of history and of the engine's memory are one list, the bar in progress the newest", async () => {
    const { bars } = await instrument(
      "bars(interval: M1, last: 1000) { openedAt open close volume vwap tradeCount final revision }",
    );
    expect(bars.map(({ openedAt }: { openedAt: string }) => (Date.parse(openedAt) - START) / 60_000)).toEqual(
      Array.from({ length: MINUTES }, (_, minute) => minute),
    );
    expect(bars.map(({ final }: { final: boolean }) => final)).toEqual([...Array(MINUTES - 1).fill(true), false]);
    for (const [minute, bar] of bars.entries())
      expect(bar).toMatchObject({
        open: String(100 + minute),
        close: String(100.5 + minute),
        volume: "0.5",
        vwap: String(100.25 + minute),
        tradeCount: 2,
        revision: 0,
      });
    expect(
      (await instrument("bars(interval: M5, last: 3) { openedAt }")).bars.map(
        ({ openedAt }: { openedAt: string }) => openedAt,
      ),
    ).toEqual(["2024-08-08T12:25:00Z", "2024-08-08T12:30:00Z", "2024-08-08T12:35:00Z"]);
  });

  test("a range across the border of the engine's memory has every bar once", async () => {
    const { bars } = await instrument(
      `bars(interval: M1, from: "2024-08-08T12:20:00Z", to: "2024-08-08T12:35:00Z") { close }`,
    );
    expect(bars.map(({ close }: { close: string }) => Number(close) - 100.5)).toEqual(
      Array.from({ length: 15 }, (_, at) => 20 + at),
    );
    expect((await instrument(`bars(interval: M1, to: "2024-08-08T12:05:00Z", last: 2) { close }`)).bars).toEqual([
      { close: "103.5" },
      { close: "104.5" },
    ]);
  });

  test("trades are read backwards page by page", async () => {
    const seen: number[] = [];
    let before = "";
    for (let page = 0; page < 4; page += 1) {
      const { trades } = await instrument(`trades(last: 20${before}) { id }`);
      seen.unshift(...trades.map(({ id }: { id: string }) => Number(id)));
      before = `, before: "${seen[0]}"`;
    }
    expect(seen).toEqual(Array.from({ length: 80 }, (_, at) => 1 + 2 * at));
  });

  test("the quotes of many instruments come in one answer, each with its own", async () => {
    const answer = await subgraph.ask("{ instruments { nodes { symbol quote { bidPrice } } } }");
    expect(answer.data.instruments.nodes).toEqual([
      { symbol: "BTCUSDT", quote: { bidPrice: "139.25" } },
      { symbol: "ETHUSDT", quote: { bidPrice: "69.5" } },
      { symbol: "QUIET", quote: null },
    ]);
  });

  test("feeds say what flows in, and when one leaves its prices turn stale", async () => {
    const { data } = await subgraph.ask("{ feeds { name source connected lastEventAt eventsPerSecond gaps } }");
    expect(data.feeds).toEqual([
      {
        name: "test-feed",
        source: "REPLAY",
        connected: true,
        lastEventAt: "2024-08-08T12:39:41Z",
        eventsPerSecond: expect.any(Number),
        gaps: 0,
      },
    ]);
    await sessions[1]?.close();
    await eventually(async () => expect((await instrument("quote { stale }")).quote.stale).toBe(true));
  });

  test("an instrument that is not known is asked for, and written down when it is there", async () => {
    const service = createService("market-data");
    const database = await openDatabase(service, { url: server.url, schema: "market_data", migrations });
    const store = new PostgresInstruments(database);
    const engines = new EngineShards({ addresses: [small.address] });
    // Refreshed by nothing but the question.
    const directory = await InstrumentDirectory.start(service, new EngineMarket(engines), store, {
      refreshMs: 3_600_000,
    });
    const session = new FeedSession({
      address: small.address,
      session: "later",
      feed: "test-feed",
      source: DataSource.REPLAY,
    });
    await session.start();
    session.defineInstrument({
      symbol: "NEWUSDT",
      name: "New",
      venue: "BINANCE",
      venueSymbol: "NEWUSDT",
      class: InstrumentClass.CRYPTO,
      source: DataSource.REPLAY,
    });
    await session.flush();
    await eventually(async () => expect(await directory.find("NEWUSDT")).toMatchObject({ name: "New" }));
    expect((await store.all()).map(({ symbol }) => symbol)).toEqual([...SYMBOLS.slice(0, 2), "NEWUSDT", "QUIET"]);
    await session.close();
    engines.close();
    await service.shutdown("end of the test");
  });

  test("the engine's death and return are survived", async () => {
    await small.kill();
    const down = await subgraph.ask(
      `{ instrument(symbol: "BTCUSDT") { name quote { bidPrice } bars(interval: M1, last: 3) { close } } }`,
    );
    expect(down.data.instrument).toMatchObject({
      name: "BTCUSDT name",
      quote: null,
      bars: [{ close: "134.5" }, { close: "135.5" }, { close: "136.5" }],
    });
    expect(down.errors).toMatchObject([{ path: ["instrument", "quote"], extensions: { code: "ENGINE_UNAVAILABLE" } }]);
    await small.start();
    await eventually(async () =>
      expect((await instrument("quote { bidPrice }")).quote).toEqual({ bidPrice: "139.25" }),
    );
  });
});
