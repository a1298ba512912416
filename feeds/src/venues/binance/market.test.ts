import type { BookUpdateInput, InstrumentInput, QuoteInput, TradeInput } from "@mib/protocol/feed-session";
import { DataSource, FLAG_MAYBE_BAD_BOOK, Side } from "@mib/protocol/messages.generated";
import { parseE9 } from "@mib/protocol/decimal";
import { beforeAll, describe, expect, test } from "vitest";
import { readCapture } from "../../replay/capture.ts";
import type { MarketSink } from "../../market-sink.ts";
import { CAPTURES, independentlyRead } from "../../test-captures.ts";
import { BinanceMarket, type BinanceMarketOptions } from "./market.ts";
import { parseBinanceMessage } from "./messages.ts";

interface Told {
  instruments: InstrumentInput[];
  trades: TradeInput[];
  quotes: QuoteInput[];
  books: { kind: "snapshot" | "delta"; update: BookUpdateInput }[];
  clocks: bigint[];
  /** Trades that were older than a clock before them. */
  late: number;
}

function listen(): { told: Told; sink: MarketSink } {
  const told: Told = { instruments: [], trades: [], quotes: [], books: [], clocks: [], late: 0 };
  const sink: MarketSink = {
    defineInstrument: (instrument) => told.instruments.push(instrument) - 1,
    trade: (trade) => {
      if (trade.tsEventNanos < (told.clocks.at(-1) ?? 0n)) told.late += 1;
      told.trades.push(trade);
    },
    quote: (quote) => void told.quotes.push(quote),
    bookSnapshot: (update) => void told.books.push({ kind: "snapshot", update }),
    bookDelta: (update) => void told.books.push({ kind: "delta", update }),
    clock: (at) => void told.clocks.push(at),
    bar: () => {},
    gap: () => {},
  };
  return { told, sink };
}

async function tell(path: string, options: Partial<BinanceMarketOptions> = {}) {
  const { told, sink } = listen();
  const market = new BinanceMarket(sink, { source: DataSource.REPLAY, symbols: null, ...options });
  for await (const { text, receivedNanos } of readCapture(path, () => expect.unreachable()))
    market.handle(parseBinanceMessage(text), receivedNanos);
  market.finish();
  return { told, market };
}

describe.each(CAPTURES)("$name", ({ path, symbol, skip }) => {
  const perpetual = symbol.endsWith("-PERP");
  let told: Told;
  let market: BinanceMarket;

  beforeAll(async () => {
    if (!skip) ({ told, market } = await tell(path));
  });

  test.skipIf(skip)("every trade of the file is told once, with its price, size, side and time", () => {
    const expected = independentlyRead(path)
      .filter(({ data }) => data?.e === "trade")
      .map(({ data }) => data);
    expect(
      told.trades.map(({ tradeId, priceE9, sizeE9, side, tsEventNanos }) => [
        tradeId,
        priceE9,
        sizeE9,
        side,
        tsEventNanos,
      ]),
    ).toEqual(
      expected.map(({ t, p, q, m, T }) => [
        BigInt(t),
        parseE9(p),
        parseE9(q),
        m ? Side.SELL : Side.BUY,
        BigInt(T) * 1_000_000n,
      ]),
    );
    expect(told.instruments.map((instrument) => [instrument.symbol, instrument.venueSymbol])).toEqual([
      [symbol, symbol.replace("-PERP", "")],
    ]);
    const streams = independentlyRead(path).map(({ data }) => data);
    expect(market.counts).toMatchObject({
      trades: expected.length,
      quotes: streams.filter((data) => data?.B !== undefined).length,
      depthUpdates: streams.filter((data) => data?.e === "depthUpdate").length,
      snapshots: 1,
      repeats: 0,
      holes: 0,
      other: 0,
    });
  });

  test.skipIf(skip)("times never run ahead of a clock, clocks go forward, and quotes have bid below ask", () => {
    expect(told.late).toBe(0);
    expect(told.clocks.length).toBeGreaterThan(150);
    expect(told.clocks).toEqual(told.clocks.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(told.quotes.filter(({ bidPriceE9, askPriceE9 }) => bidPriceE9 >= askPriceE9)).toEqual([]);
    if (!perpetual)
      expect(
        told.quotes.filter(({ tsEventNanos }, at) => at > 0 && tsEventNanos < told.quotes[at - 1]!.tsEventNanos),
      ).toEqual([]);
  });

  test.skipIf(skip)(
    "the book that follows from the updates has the captured quote at its top at every matching update id",
    () => {
      const tickers = new Map(told.quotes.map((quote) => [quote.venueSequence!, quote]));
      const levels = { bids: new Map<bigint, bigint>(), asks: new Map<bigint, bigint>() };
      let sound = false;
      let last = 0n;
      let compared = 0;
      for (const { kind, update } of told.books) {
        if (kind === "snapshot") {
          levels.bids.clear();
          levels.asks.clear();
          sound = ((update.flags ?? 0) & FLAG_MAYBE_BAD_BOOK) === 0;
        } else {
          const marked = ((update.flags ?? 0) & FLAG_MAYBE_BAD_BOOK) !== 0;
          if (marked === sound || (sound && update.firstVenueSequence! > last + 1n))
            expect.unreachable(`update ${update.venueSequence}`);
        }
        last = update.venueSequence ?? 0n;
        for (const { side, priceE9, sizeE9 } of update.levels) {
          const map = side === Side.BUY ? levels.bids : levels.asks;
          if (sizeE9 === 0n) map.delete(priceE9);
          else map.set(priceE9, sizeE9);
        }
        const ticker = tickers.get(last);
        if (!sound || !ticker) continue;
        let bid = 0n;
        for (const price of levels.bids.keys()) if (price > bid) bid = price;
        let ask = 2n ** 63n;
        for (const price of levels.asks.keys()) if (price < ask) ask = price;
        expect([bid, levels.bids.get(bid), ask, levels.asks.get(ask)]).toEqual([
          ticker.bidPriceE9,
          ticker.bidSizeE9,
          ticker.askPriceE9,
          ticker.askSizeE9,
        ]);
        compared += 1;
      }
      expect(compared).toBeGreaterThan(100);
    },
  );
});

test("only wanted symbols are told", async () => {
  const { told } = await tell(CAPTURES[0]!.path, { symbols: new Set(["ETHUSDT"]) });
  expect([told.instruments, told.trades, told.books]).toEqual([[], [], []]);
});

test("what the venue sends again after a reconnect is dropped and counted", () => {
  const { told, sink } = listen();
  const market = new BinanceMarket(sink, { source: DataSource.LIVE, symbols: null });
  const trade = (t: number) => ({
    e: "trade",
    E: 2,
    s: "BTCUSDT",
    t,
    p: "5",
    q: "1",
    T: 1_723_161_255_000 + t,
    m: true,
  });
  const ticker = (u: number) => ({ u, s: "BTCUSDT", b: "4", B: "1", a: "5", A: "1" });
  for (const data of [trade(1), ticker(5), trade(2), ticker(6), trade(1), trade(2), ticker(6), trade(3), ticker(7)])
    market.handle(parseBinanceMessage(JSON.stringify(data)), 9n);
  expect(told.trades.map(({ tradeId }) => tradeId)).toEqual([1n, 2n, 3n]);
  expect(told.quotes.map(({ venueSequence }) => venueSequence)).toEqual([5n, 6n, 7n]);
  expect(market.counts.repeats).toBe(3);
});

test("an update without levels leaves no hole in the numbers that follow", () => {
  const { told, sink } = listen();
  const market = new BinanceMarket(sink, { source: DataSource.LIVE, symbols: null });
  const depth = (U: number, u: number, b: string[][]) =>
    JSON.stringify({ e: "depthUpdate", E: 1, s: "BTCUSDT", U, u, b, a: [] });
  market.handle(parseBinanceMessage(depth(1, 3, [["5", "1"]])), 9n);
  market.handle(parseBinanceMessage(JSON.stringify({ lastUpdateId: 3, bids: [["5", "1"]], asks: [] })), 9n);
  market.handle(parseBinanceMessage(depth(4, 6, [])), 9n);
  market.handle(parseBinanceMessage(depth(7, 8, [["5", "2"]])), 9n);
  expect(told.books.at(-1)!.update).toMatchObject({ firstVenueSequence: 4n, venueSequence: 8n });
});

test("a second round has later times and numbers that go on, and its book begins anew", async () => {
  const { path } = CAPTURES[0]!;
  const { told, sink } = listen();
  const market = new BinanceMarket(sink, { source: DataSource.REPLAY, symbols: null });
  const once = async () => {
    for await (const { text, receivedNanos } of readCapture(path, () => {}))
      market.handle(parseBinanceMessage(text), receivedNanos);
    market.finish();
  };
  await once();
  const { trades: first, quotes } = { trades: [...told.trades], quotes: [...told.quotes] };
  market.restart({ nanos: 300_000_000_000n, ...market.spans });
  await once();
  const second = told.trades.slice(first.length);
  expect(second.map(({ tradeId }) => tradeId)).toEqual(first.map(({ tradeId }) => tradeId + BigInt(first.length)));
  expect(second.map(({ tsEventNanos }) => tsEventNanos)).toEqual(
    first.map(({ tsEventNanos }) => tsEventNanos + 300_000_000_000n),
  );
  expect(told.quotes.at(quotes.length)!.venueSequence).toBeGreaterThan(quotes.at(-1)!.venueSequence!);
  expect(told.instruments).toHaveLength(1);
  expect(
    told.books.filter(
      ({ kind, update }) => kind === "snapshot" && update.levels.length === 0 && update.flags === FLAG_MAYBE_BAD_BOOK,
    ),
  ).toHaveLength(2);
  for (let at = 1; at < told.clocks.length; at++) expect(told.clocks[at]! >= told.clocks[at - 1]!).toBe(true);
});
