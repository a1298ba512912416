import { formatE9 } from "@mib/protocol/decimal";
import { eventually } from "@mib/testkit/eventually";
import { describe, expect, test } from "vitest";
import { CAPTURES, independentlyRead } from "../../test-captures.ts";
import { startFeedWithEngine, type FeedWithEngine } from "../testing/feed-with-engine.ts";
import {
  futuresDepth,
  futuresTrade,
  SPOT_BOOK_TICKER,
  spotDepth,
  spotTrade,
  startBinanceServer,
  type BinanceServer,
} from "./testing/binance-server.ts";

async function started(
  symbols: string,
  more: { spot?: string; usdm?: string } = {},
): Promise<{ venue: BinanceServer; running: FeedWithEngine } & AsyncDisposable> {
  const venue = await startBinanceServer(more);
  const running = await startFeedWithEngine(["--feed", "binance", "--symbols", symbols], {
    FEED_WEBSOCKET_URL: `${venue.websocketUrl}/stream`,
    FEED_REST_URL: venue.restUrl,
    FEED_FUTURES_WEBSOCKET_URL: `${venue.websocketUrl}/futures`,
    FEED_FUTURES_REST_URL: venue.restUrl,
  });
  return {
    venue,
    running,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      await venue.stop();
    },
  };
}

const bookOf = async ({ client }: FeedWithEngine, symbol: string) => {
  const { value } = await client.book({ symbol, depth: 10 });
  return {
    maybeBad: value!.maybeBad,
    levels: [...value!.bids, ...value!.asks].map(({ priceE9, sizeE9 }) => `${formatE9(priceE9)} ${formatE9(sizeE9)}`),
  };
};
const tradesOf = async ({ client }: FeedWithEngine, symbol: string) =>
  (await client.trades({ symbol })).value.map(({ tradeId }) => Number(tradeId));
const connected = (venue: BinanceServer, count: number) =>
  eventually(() => expect(venue.clients.filter(({ said }) => said.length > 0)).toHaveLength(count), {
    deadlineMs: 30_000,
  });

test("spot and futures come over a connection each, with the venue's own definitions", async () => {
  await using both = await started("BNBBTC,BNBUSDT-PERP,NOPE");
  const { venue, running } = both;
  await connected(venue, 2);
  const streams = new Map(venue.clients.map((client) => [client.said[0].params[0], client]));
  expect(new Set(streams.keys())).toEqual(new Set(["bnbbtc@trade", "bnbusdt@trade"]));
  streams.get("bnbbtc@trade")!.send(spotTrade(12_345), SPOT_BOOK_TICKER);
  streams.get("bnbusdt@trade")!.send(futuresTrade(7), futuresTrade(8));
  await eventually(async () => expect(await tradesOf(running, "BNBUSDT-PERP")).toEqual([7, 8]));
  await eventually(async () => expect(await tradesOf(running, "BNBBTC")).toEqual([12_345]));
  const [quote] = (await running.client.quotes(["BNBBTC"])).value;
  expect(formatE9(quote!.bidPriceE9)).toBe("25.3519");
  const { value: instruments } = await running.client.instruments();
  expect(
    instruments.map(({ symbol, name, priceIncrementE9, sizeIncrementE9 }) => [
      symbol,
      name,
      formatE9(priceIncrementE9),
      formatE9(sizeIncrementE9),
    ]),
  ).toEqual([
    ["BNBBTC", "BNB / BTC", "0.000001", "0.001"],
    ["BNBUSDT-PERP", "BNB / USDT Perpetual", "0.000001", "0.001"],
  ]);
  expect(running.feed.output()).toContain("NOPE");
});

test("a book is a snapshot and the updates after it; after a hole another snapshot is asked for", async () => {
  await using both = await started("BNBBTC");
  const { venue, running } = both;
  await connected(venue, 1);
  const [client] = venue.clients;
  venue.refuse = 1;
  // The first question is refused, so an update after it asks again.
  client!.send(spotDepth(1_027_020, 1_027_023), spotDepth(1_027_024, 1_027_025));
  await eventually(() => expect(venue.asked.filter((path) => path.startsWith("/api/v3/depth"))).toHaveLength(1));
  client!.send(spotDepth(1_027_026, 1_027_027, [["3.5", "1"]], []));
  const whole = { maybeBad: false, levels: ["4 431", "3.5 1", "0.0024 10", "0.0026 100", "4.000002 12"] };
  await eventually(async () => expect(await bookOf(running, "BNBBTC")).toEqual(whole));
  expect(venue.asked).toContain("/api/v3/depth?symbol=BNBBTC&limit=1000");

  // Repeated and out of order: dropped. Then a hole.
  client!.send(spotDepth(1_027_026, 1_027_027), spotDepth(1_027_020, 1_027_023));
  await eventually(async () => expect(await running.metric("feed_messages_repeated_total")).toBe(2));
  expect(await bookOf(running, "BNBBTC")).toEqual(whole);
  venue.snapshotAt.spot = 1_027_050;
  client!.send(spotDepth(1_027_040, 1_027_045, [["3.9", "1"]], []));
  await eventually(async () =>
    expect(await bookOf(running, "BNBBTC")).toEqual({ maybeBad: false, levels: ["4 431", "4.000002 12"] }),
  );
  await eventually(async () => expect(await running.metric("feed_holes_total")).toBe(1));
  expect(await running.engine.metric("engine_gaps_total")).toBe(1);
});

test("futures name the update before, and a break of the connection begins the book anew", async () => {
  await using both = await started("BNBUSDT-PERP");
  const { venue, running } = both;
  await connected(venue, 1);
  venue.clients[0]!.send(futuresTrade(7), futuresDepth(1_027_010, 1_027_020, 1_027_030));
  const whole = { maybeBad: false, levels: ["300 1", "4 431", "4.000002 12"] };
  await eventually(async () => expect(await bookOf(running, "BNBUSDT-PERP")).toEqual(whole));
  venue.clients[0]!.close(1_001, "24 hours are over");
  await connected(venue, 2);
  await eventually(async () => expect(await bookOf(running, "BNBUSDT-PERP")).toEqual({ maybeBad: true, levels: [] }));
  venue.snapshotAt.usdm = 1_027_095;
  // The update follows the last one before the break, and is not trusted for all that.
  venue.clients[1]!.send(futuresTrade(7), futuresTrade(8), futuresDepth(1_027_030, 1_027_090, 1_027_100));
  await eventually(async () => expect(await bookOf(running, "BNBUSDT-PERP")).toEqual(whole));
  expect(await tradesOf(running, "BNBUSDT-PERP")).toEqual([7, 8]);
  expect(running.feed.output()).toContain("24 hours are over");
});

describe.each(CAPTURES)("the messages of $name, told live", ({ path, symbol, skip }) => {
  test.skipIf(skip)("leave all trades and a sound book in the engine, and no hole", async () => {
    const perpetual = symbol.endsWith("-PERP");
    const venueSymbol = symbol.replace("-PERP", "");
    await using both = await started(symbol, perpetual ? { usdm: venueSymbol } : { spot: venueSymbol });
    const { venue, running } = both;
    const messages = independentlyRead(path);
    venue.snapshot = messages.find(({ lastUpdateId }) => lastUpdateId !== undefined);
    const streamed = messages.filter(({ data }) => data !== undefined);
    const isUpdate = ({ data }: any) => data.e === "depthUpdate";
    await connected(venue, 1);
    const [client] = venue.clients;
    const begun = streamed.findIndex(
      (message) => isUpdate(message) && message.data.u > (venue.snapshot as any).lastUpdateId,
    );
    client!.send(...streamed.slice(0, begun + 1));
    await eventually(async () => expect((await bookOf(running, symbol)).maybeBad).toBe(false), { deadlineMs: 30_000 });
    client!.send(...streamed.slice(begun + 1));
    const trades = streamed.filter(({ data }) => data.e === "trade").length;
    await eventually(async () => expect(await running.engine.metric("engine_trades_accepted_total")).toBe(trades), {
      deadlineMs: 60_000,
    });
    const last = streamed.findLast(isUpdate)!.data;
    await eventually(async () =>
      expect((await running.client.book({ symbol, depth: 1 })).value!.venueSequence).toBe(BigInt(last.u)),
    );
    expect((await bookOf(running, symbol)).maybeBad).toBe(false);
    expect(await running.metric("feed_holes_total")).toBe(0);
    expect(await running.engine.metric("engine_gaps_total")).toBe(0);
    const [status] = (await running.client.feeds()).value;
    expect(status).toMatchObject({ feed: "binance", rejected: 0n });
  });
});
