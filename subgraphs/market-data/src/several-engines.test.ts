import { parseE9 } from "@mib/protocol/decimal";
import { DataSource, InstrumentClass } from "@mib/protocol/messages.generated";
import { shardOf } from "@mib/protocol/shard";
import { ShardedFeedSession } from "@mib/protocol/sharded-feed-session";
import { openDatabase } from "@mib/subgraph-server/database";
import { startTestSubgraph, type TestSubgraph } from "@mib/subgraph-server/test-subgraph";
import { eventually } from "@mib/testkit/eventually";
import { createTestDatabase, type TestDatabase } from "@mib/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { marketDataSubgraph } from "./subgraph.ts";
import { engineIsBuilt, startTestEngine, type TestEngine } from "./test-engine.ts";

const NOON = BigInt(Date.parse("2024-08-08T12:00:00Z")) * 1_000_000n;
const SYMBOLS = Array.from({ length: 20 }, (_, number) => `S${String(number).padStart(2, "0")}USDT`);
/** Each instrument's price is its own. */
const priceOf = (symbol: string) => String(100 + SYMBOLS.indexOf(symbol));
const isOf = (shard: number) => (symbol: string) => shardOf(symbol, 2) === shard;

describe.skipIf(!engineIsBuilt)("with two engines that share the instruments", () => {
  let server: TestDatabase;
  let engines: [TestEngine, TestEngine];
  let session: ShardedFeedSession;
  let subgraph: TestSubgraph;

  beforeAll(async () => {
    server = await createTestDatabase("market-data");
    engines = (await Promise.all(["0/2", "1/2"].map((shard) => startTestEngine({ ENGINE_SHARD: shard })))) as [
      TestEngine,
      TestEngine,
    ];
    const addresses = engines.map(({ address }) => address);
    session = new ShardedFeedSession({ addresses, session: "test", feed: "test-feed", source: DataSource.REPLAY });
    await session.start();
    for (const symbol of SYMBOLS) tell(symbol);
    await session.flush();
    subgraph = await startTestSubgraph("market-data", async (service) => {
      const database = await openDatabase(service, {
        url: server.url,
        schema: "market_data",
        migrations: new URL("../migrations/", import.meta.url),
      });
      const engine = { addresses, connections: 2, timeoutMs: 2_000 };
      return (await marketDataSubgraph(service, { database, engine, answerRowsMax: 100_000 })).options;
    });
  });

  afterAll(async () => {
    await subgraph.stop();
    await session.close();
    await Promise.all(engines.map((engine) => engine.remove()));
    await server.drop();
  });

  function tell(symbol: string): void {
    const instrumentId = session.defineInstrument({
      symbol,
      name: symbol,
      venue: "TEST",
      venueSymbol: symbol,
      class: InstrumentClass.CRYPTO,
      source: DataSource.REPLAY,
    });
    const priceE9 = parseE9(priceOf(symbol));
    session.trade({ instrumentId, tsEventNanos: NOON, tradeId: 1n, priceE9, sizeE9: 1n });
    session.quote({
      instrumentId,
      tsEventNanos: NOON,
      bidPriceE9: priceE9,
      bidSizeE9: 1n,
      askPriceE9: priceE9,
      askSizeE9: 1n,
    });
  }

  const all = () =>
    subgraph.ask(
      "{ instruments(first: 50) { nodes { symbol quote { bidPrice stale } lastTrade { price } statistics { last } } } }",
    );
  /** What an instrument has lists of, each asked for by its name. */
  const lists = () =>
    subgraph.ask(
      `{ ${SYMBOLS.map((symbol) => `${symbol}: instrument(symbol: "${symbol}") { bars(interval: S1, last: 1) { close } trades(last: 1) { price } }`).join(" ")} }`,
    );
  const listsOf = (symbol: string) => ({ bars: [{ close: priceOf(symbol) }], trades: [{ price: priceOf(symbol) }] });
  const whole = (symbol: string) => {
    const price = priceOf(symbol);
    return {
      symbol,
      quote: { bidPrice: price, stale: false },
      lastTrade: { price },
      statistics: { last: price },
    };
  };

  test("both have instruments, and each instrument answers with what is its own", async () => {
    expect(SYMBOLS.filter(isOf(0)).length).toBeGreaterThan(4);
    expect(SYMBOLS.filter(isOf(1)).length).toBeGreaterThan(4);
    const { data, errors } = await all();
    expect(errors).toBeUndefined();
    expect(data.instruments.nodes).toEqual(SYMBOLS.map(whole));
    expect((await lists()).data).toEqual(Object.fromEntries(SYMBOLS.map((symbol) => [symbol, listsOf(symbol)])));
    expect((await subgraph.ask("{ feeds { name connected gaps } }")).data.feeds).toEqual([
      { name: "test-feed", connected: true, gaps: 0 },
    ]);
  });

  test("an engine that is away takes the answers of its own instruments with it, and no others", async () => {
    await engines[1].kill();
    const { data, errors } = await all();
    const [own, away] = [SYMBOLS.filter(isOf(0)), SYMBOLS.filter(isOf(1))];
    const nodes: { symbol: string; quote: unknown }[] = data.instruments.nodes;
    expect(nodes.filter(({ symbol }) => isOf(0)(symbol))).toEqual(own.map(whole));
    expect(nodes.filter(({ quote }) => quote === null).map(({ symbol }) => symbol)).toEqual(away);
    expect(new Set(errors?.map(({ path }) => nodes[path![2] as number]!.symbol))).toEqual(new Set(away));
    expect(new Set(errors?.map(({ extensions }) => extensions.code))).toEqual(new Set(["ENGINE_UNAVAILABLE"]));
    expect((await lists()).data).toEqual(
      Object.fromEntries(SYMBOLS.map((symbol) => [symbol, isOf(0)(symbol) ? listsOf(symbol) : null])),
    );
    await eventually(async () =>
      expect((await subgraph.ask("{ feeds { name connected } }")).data.feeds).toEqual([
        { name: "test-feed", connected: false },
      ]),
    );

    // What is new at the one that answers is found meanwhile.
    const symbol = Array.from({ length: 100 }, (_, number) => `NEW${number}`).find(isOf(0))!;
    session.defineInstrument({
      symbol,
      name: "New",
      venue: "TEST",
      venueSymbol: symbol,
      class: InstrumentClass.CRYPTO,
      source: DataSource.REPLAY,
    });
    await eventually(async () =>
      expect((await subgraph.ask(`{ instrument(symbol: "${symbol}") { name } }`)).data.instrument).toEqual({
        name: "New",
      }),
    );

    await engines[1].start();
    await eventually(async () => {
      const { data: again, errors: none } = await all();
      expect(none).toBeUndefined();
      expect(again.instruments.nodes.filter(({ symbol: each }: { symbol: string }) => each !== symbol)).toEqual(
        SYMBOLS.map(whole),
      );
    });
  });
});
