import type { Instrument } from "./domain/instrument.ts";
import { openDatabase, type Database } from "@mib/subgraph-server/database";
import { startTestSubgraph, type TestSubgraph } from "@mib/subgraph-server/test-subgraph";
import { inTransaction } from "@mib/subgraph-server/transaction";
import { createTestDatabase, type TestDatabase } from "@mib/testkit/servers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PostgresInstruments } from "./io/postgres-instruments.ts";
import { marketDataSubgraph } from "./subgraph.ts";

const instruments: Instrument[] = Array.from({ length: 7 }, (_, at) => ({
  symbol: `S${at}USDT`,
  name: `Coin ${at}`,
  venue: at % 2 ? "BINANCE" : "KRAKEN",
  venueSymbol: `S${at}`,
  class: "CRYPTO",
  source: "REPLAY",
}));
const AUGUST = Date.parse("2024-08-08T12:00:00Z");

let server: TestDatabase;
let database: Database;
let subgraph: TestSubgraph;

beforeAll(async () => {
  server = await createTestDatabase("market-data");
  subgraph = await startTestSubgraph("market-data", async (service) => {
    database = await openDatabase(service, {
      url: server.url,
      schema: "market_data",
      migrations: new URL("../migrations/", import.meta.url),
    });
    await new PostgresInstruments(database).save(instruments);
    const { history, options } = await marketDataSubgraph(service, {
      database,
      engine: { addresses: ["unix:/nowhere/engine.sock"], connections: 1, timeoutMs: 500 },
      answerRowsMax: 100,
    });
    const bars = Array.from({ length: 30 }, (_, minute) => ({
      symbol: "S1USDT",
      interval: "M1" as const,
      openedAtMs: AUGUST + minute * 60_000,
      open: "1.5",
      high: "2",
      low: "1",
      close: `${minute}`,
      volume: "10",
      vwap: "1.5",
      tradeCount: 4,
      final: true,
      revision: 0,
    }));
    await inTransaction(database, (client) => history.write(client, bars));
    return options;
  });
});
afterAll(async () => {
  await subgraph.stop();
  await server.drop();
});

test("instruments and their bars answer from PostgreSQL, and what only the engine knows says why it does not", async () => {
  const answer = await subgraph.ask(
    `{ instrument(symbol: "S1USDT") { symbol name venue venueSymbol class source quote { bidPrice } lastTrade { id } statistics { last } book { at } bars(interval: M1, last: 2) { openedAt close final instrument { name } } } }`,
  );
  expect(answer.data.instrument).toEqual({
    symbol: "S1USDT",
    name: "Coin 1",
    venue: "BINANCE",
    venueSymbol: "S1",
    class: "CRYPTO",
    source: "REPLAY",
    quote: null,
    lastTrade: null,
    statistics: null,
    book: null,
    bars: [
      { openedAt: "2024-08-08T12:28:00Z", close: "28", final: true, instrument: { name: "Coin 1" } },
      { openedAt: "2024-08-08T12:29:00Z", close: "29", final: true, instrument: { name: "Coin 1" } },
    ],
  });
  expect(answer.errors?.map(({ path, extensions }) => [path?.[1], extensions.code]).sort()).toEqual(
    ["book", "lastTrade", "quote", "statistics"].map((field) => [field, "ENGINE_UNAVAILABLE"]),
  );
});

test("bars of a range begin at from and end before to", async () => {
  const bars = async (range: string) =>
    (
      await subgraph.ask(`{ instrument(symbol: "S1USDT") { bars(interval: M1, ${range}) { close } } }`)
    ).data.instrument.bars.map(({ close }: { close: string }) => Number(close));
  expect(await bars(`from: "2024-08-08T12:03:00Z", to: "2024-08-08T12:05:00Z"`)).toEqual([3, 4]);
  expect(await bars(`to: "2024-08-08T12:05:00Z", last: 2`)).toEqual([3, 4]);
  expect(await bars(`from: "2024-08-08T14:05:00+02:00", to: "2024-08-08T12:07:00Z"`)).toEqual([5, 6]);
  expect(await bars(`from: "1960-01-01T00:00:00Z", to: "2024-08-08T12:01:00Z"`)).toEqual([0]);
});

test.each([
  ["bars(interval: S1) { close }", "ENGINE_UNAVAILABLE"],
  ["trades { id }", "ENGINE_UNAVAILABLE"],
  ["bars(interval: M1, last: 10001) { close }", "RANGE_TOO_LARGE"],
  ["bars(interval: M1, last: -1) { close }", "BAD_USER_INPUT"],
  [`trades(before: "x") { id }`, "BAD_USER_INPUT"],
  ["trades(last: 5000) { id }", "RANGE_TOO_LARGE"],
])("%s answers %s", async (field, code) => {
  const answer = await subgraph.ask(`{ instrument(symbol: "S1USDT") { ${field} } }`);
  expect(answer.errors?.[0]?.extensions.code).toBe(code);
});

test("all lists of a request together are bounded, under however many names they are asked for", async () => {
  const ask = (names: number) =>
    subgraph.ask(
      `{ instrument(symbol: "S1USDT") { ${Array.from({ length: names }, (_, at) => `b${at}: bars(interval: M1) { close }`).join(" ")} } }`,
    );
  expect((await ask(3)).errors).toBeUndefined();
  expect((await ask(4)).errors?.map(({ extensions }) => extensions)).toEqual([
    { code: "RANGE_TOO_LARGE", rowsMax: 100 },
  ]);
});

test("an unknown instrument is null, with the reason", async () => {
  expect(await subgraph.ask(`{ instrument(symbol: "NOPE") { symbol } }`)).toMatchObject({
    data: { instrument: null },
    errors: [{ path: ["instrument"], extensions: { code: "INSTRUMENT_NOT_FOUND", symbol: "NOPE" } }],
  });
  const long = "X".repeat(200);
  expect((await subgraph.ask(`{ instrument(symbol: "${long}") { symbol } }`)).errors?.[0]?.extensions.code).toBe(
    "INSTRUMENT_NOT_FOUND",
  );
});

test("instruments come in pages that a filter narrows, until there are no more", async () => {
  const seen: string[] = [];
  let after: string | null = null;
  for (let page = 0; page < 10; page += 1) {
    const { data, errors } = await subgraph.ask(
      `query ($after: String) { instruments(first: 3, after: $after) { nodes { symbol } edges { cursor node { symbol } } pageInfo { hasNextPage endCursor } } }`,
      { after },
    );
    expect(errors).toBeUndefined();
    seen.push(...data.instruments.nodes.map(({ symbol }: { symbol: string }) => symbol));
    after = data.instruments.pageInfo.endCursor;
    if (!data.instruments.pageInfo.hasNextPage) break;
  }
  expect(seen).toEqual(instruments.map(({ symbol }) => symbol));
  const filtered = await subgraph.ask(
    `{ instruments(filter: { class: CRYPTO, venue: "kraken", text: "coin", symbols: ["S0USDT", "S1USDT", "S2USDT"] }) { nodes { symbol } } }`,
  );
  expect(filtered.data.instruments.nodes).toEqual([{ symbol: "S0USDT" }, { symbol: "S2USDT" }]);
  expect((await subgraph.ask(`{ instruments(first: 100000) { nodes { symbol } } }`)).errors?.[0]?.extensions.code).toBe(
    "BAD_USER_INPUT",
  );
  expect((await subgraph.ask(`{ instruments(after: "x") { nodes { symbol } } }`)).errors?.[0]?.extensions.code).toBe(
    "BAD_USER_INPUT",
  );
});

test("references are resolved in order, and an unknown one says so", async () => {
  const representations = ["S3USDT", "NOPE", "S0USDT"].map((symbol) => ({ __typename: "Instrument", symbol }));
  const answer = await subgraph.ask(
    "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Instrument { name } } }",
    { r: representations },
  );
  expect(answer.data._entities).toEqual([{ name: "Coin 3" }, null, { name: "Coin 0" }]);
  expect(answer.errors).toMatchObject([{ path: ["_entities", 1], extensions: { code: "INSTRUMENT_NOT_FOUND" } }]);
});

test("the subgraph is ready without the engine and says that it does not answer", async () => {
  const response = await fetch(`${subgraph.url}/ready`);
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    checks: { engine: { ok: true, detail: { answers: false, instruments: 7 } } },
  });
});
