import { createHash } from "node:crypto";
import { BarInterval, Side } from "@mib/protocol/messages.generated";
import type { BarInput, BookUpdateInput, QuoteInput, TradeInput } from "@mib/protocol/feed-session";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { MarketSink } from "../market-sink.ts";
import { simulatedUniverse } from "./instruments.ts";
import { Simulation, type SimulationOptions } from "./simulation.ts";

vi.setConfig({ testTimeout: 60_000 }); // whole markets are run here

const universe = simulatedUniverse();
const START = Date.UTC(2026, 2, 4, 14, 30, 20) * 1_000;

interface Written {
  kind: keyof MarketSink;
  record: unknown;
}

/** A sink that keeps what it gets. */
function keep(written: Written[]): MarketSink {
  const push = (kind: keyof MarketSink) => (record: unknown) => void written.push({ kind, record });
  return {
    defineInstrument: (record) => written.push({ kind: "defineInstrument", record }) - 1,
    trade: push("trade"),
    quote: push("quote"),
    bookSnapshot: push("bookSnapshot"),
    bookDelta: push("bookDelta"),
    bar: push("bar"),
    clock: push("clock"),
    gap: push("gap"),
  };
}

const of = <Record>(written: readonly Written[], kind: keyof MarketSink) =>
  written.filter((each) => each.kind === kind).map(({ record }) => record as Record);

function start(options: Partial<SimulationOptions> = {}, sink: MarketSink = keep([])): Simulation {
  const simulation = new Simulation({ seed: "7", startMicros: START, rate: 5_000, universe, ...options });
  simulation.define(sink);
  return simulation;
}

function past(simulation: Simulation, sink: MarketSink) {
  const slices = simulation.backfill(sink);
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
  }
}

/** Few instruments, so that a whole past is quick. */
const few = {
  ...universe,
  instruments: universe.instruments.filter(({ definition }) =>
    ["BTCUSDT", "SHIBUSDT", "NRVA", "EURUSD", "USDJPY", "EURJPY"].includes(definition.symbol),
  ),
};

function digest(seed: string, advances: readonly number[]): string {
  const hash = createHash("sha256");
  const add = (kind: string) => (record: unknown) => (
    hash.update(
      kind + JSON.stringify(record, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value)),
    ),
    0
  );
  const sink = Object.fromEntries(
    ["defineInstrument", "trade", "quote", "bookSnapshot", "bookDelta", "bar", "clock", "gap"].map((kind) => [
      kind,
      add(kind),
    ]),
  ) as unknown as MarketSink;
  const simulation = start({ seed, universe: few }, sink);
  add("past")(past(simulation, sink));
  simulation.open(sink);
  for (const at of advances) add("news")(simulation.advance(START + at, sink).articles);
  return hash.digest("hex");
}

test("there are 200 instruments of three kinds, each symbol once", () => {
  const symbols = universe.instruments.map(({ definition }) => definition.symbol);
  expect(new Set(symbols).size).toBe(200);
  expect(
    Object.fromEntries(
      Map.groupBy(universe.instruments, ({ market }) => market)
        .entries()
        .map(([market, all]) => [market, all.length]),
    ),
  ).toEqual({ crypto: 60, equity: 110, fx: 30 });
  expect(symbols).toContain("BTCUSDT");
  expect(symbols).toContain("ETHUSDT");
});

test("the same seed and start give the same records and articles", () => {
  const once = digest("a", [700_000, 1_500_000]);
  expect(digest("a", [700_000, 1_500_000])).toBe(once);
  expect(digest("b", [700_000, 1_500_000])).not.toBe(once);
});

test("records do not depend on how often time is told", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 120_000 }), { maxLength: 20 }), (pauses) => {
      const writtenAtOnce: Written[] = [];
      const writtenInPieces: Written[] = [];
      for (const [written, times] of [
        [writtenAtOnce, []],
        [writtenInPieces, pauses],
      ] as const) {
        const sink = keep(written);
        const simulation = start({ universe: few }, sink);
        simulation.open(sink);
        let at = START;
        for (const pause of times) simulation.advance((at = Math.min(at + pause, START + 400_000)), sink);
        simulation.advance(START + 400_000, sink);
      }
      expect(writtenInPieces).toEqual(writtenAtOnce);
    }),
    { numRuns: 15 },
  );
});

describe("a market that runs", () => {
  const seeds = fc.integer({ min: 0, max: 1e6 }).map(String);
  const run = (seed: string, startMicros: number) => {
    const written: Written[] = [];
    const sink = keep(written);
    const simulation = start({ seed, startMicros }, sink);
    simulation.open(sink);
    simulation.advance(startMicros + 3_000_000, sink);
    return written;
  };
  const hours = fc.integer({ min: 0, max: 24 * 7 - 1 }).map((hour) => START + hour * 3_600_000_000);

  test("the bid is below the ask, the book's best levels are the quote, and trades happen at the touch", () => {
    fc.assert(
      fc.property(seeds, hours, (seed, startMicros) => {
        const books = new Map<number, { bids: Map<bigint, bigint>; asks: Map<bigint, bigint>; sequence: bigint }>();
        const quotes = new Map<number, QuoteInput>();
        const apply = (update: BookUpdateInput) => {
          const book = books.get(update.instrumentId)!;
          expect(update.venueSequence).toBeGreaterThan(book.sequence);
          book.sequence = update.venueSequence!;
          for (const { side, priceE9, sizeE9 } of update.levels) {
            const levels = side === Side.BUY ? book.bids : book.asks;
            expect(sizeE9).toBeLessThan(2n ** 63n);
            if (sizeE9 === 0n) expect(levels.delete(priceE9)).toBe(true);
            else levels.set(priceE9, sizeE9);
          }
        };
        for (const { kind, record } of run(seed, startMicros)) {
          if (kind === "bookSnapshot") {
            const snapshot = record as BookUpdateInput;
            books.set(snapshot.instrumentId, { bids: new Map(), asks: new Map(), sequence: 0n });
            apply(snapshot);
          } else if (kind === "bookDelta") apply(record as BookUpdateInput);
          else if (kind === "quote") {
            const quote = record as QuoteInput;
            const book = books.get(quote.instrumentId)!;
            quotes.set(quote.instrumentId, quote);
            expect(quote.bidPriceE9).toBeLessThan(quote.askPriceE9);
            expect([quote.bidPriceE9, quote.bidSizeE9]).toEqual(best(book.bids, (a, b) => a > b));
            expect([quote.askPriceE9, quote.askSizeE9]).toEqual(best(book.asks, (a, b) => a < b));
            expect(book.bids.size).toBeLessThanOrEqual(10);
            expect(book.asks.size).toBe(10);
          } else if (kind === "trade") {
            const trade = record as TradeInput;
            const quote = quotes.get(trade.instrumentId)!;
            const [price, size] =
              trade.side === Side.BUY ? [quote.askPriceE9, quote.askSizeE9] : [quote.bidPriceE9, quote.bidSizeE9];
            expect(trade.priceE9).toBe(price);
            expect(trade.sizeE9).toBeLessThanOrEqual(size);
            expect(trade.sizeE9).toBeGreaterThan(0n);
            expect(trade.sizeE9).toBeLessThan(2n ** 63n);
          }
        }
        expect(quotes.size).toBe(200);
      }),
      { numRuns: 6 },
    );
  });

  test("every instrument has traded within the first moment, ids without holes, times in order", () => {
    const written = run("3", START);
    const trades = of<TradeInput>(written, "trade");
    const ids = Map.groupBy(trades, ({ instrumentId }) => instrumentId);
    expect(ids.size).toBe(200);
    for (const each of ids.values())
      expect(each.map(({ tradeId }) => tradeId)).toEqual(each.map((_, at) => BigInt(at + 1)));
    const times = written
      .map(({ record }) => (record as { tsEventNanos?: bigint }).tsEventNanos)
      .filter((time) => time !== undefined);
    for (let at = 1; at < times.length; at++) expect(times[at]! >= times[at - 1]!).toBe(true);
  });

  test("the rate is what was asked for", () => {
    const count = (rate: number) => {
      let records = 0;
      const one = () => void records++;
      const levels = ({ levels: all }: BookUpdateInput) => void (records += all.length);
      const sink: MarketSink = {
        ...keep([]),
        trade: one,
        quote: one,
        bookDelta: levels,
        clock: () => {},
        bookSnapshot: () => {},
      };
      const simulation = start({ rate }, sink);
      simulation.open(sink);
      records = 0;
      simulation.advance(START + 2_000_000, sink);
      return records / 2;
    };
    expect(count(5_000)).toBeGreaterThan(4_950);
    expect(count(5_000)).toBeLessThan(5_050);
    expect(count(100_000)).toBeGreaterThan(99_000);
    expect(count(100_000)).toBeLessThan(101_000);
  });

  test("a cross agrees with its legs", () => {
    const written = run("5", START);
    const last = new Map(
      of<QuoteInput>(written, "quote").map((quote) => [
        universe.instruments[quote.instrumentId]!.definition.symbol,
        quote,
      ]),
    );
    const middle = (symbol: string) => Number(last.get(symbol)!.bidPriceE9 + last.get(symbol)!.askPriceE9) / 2e9;
    expect(middle("EURJPY") / (middle("EURUSD") * middle("USDJPY"))).toBeCloseTo(1, 3);
    expect(middle("EURGBP") / (middle("EURUSD") / middle("GBPUSD"))).toBeCloseTo(1, 3);
  });
});

describe("the past", () => {
  const written: Written[] = [];
  const sink = keep(written);
  const simulation = start({ universe: few }, sink);
  const articles = past(simulation, sink);
  simulation.open(sink);
  const bars = Map.groupBy(of<BarInput>(written, "bar"), ({ instrumentId }) => instrumentId);

  test("is two days of minutes, the hours of a week and a year of days, without hole or overlap", () => {
    for (const all of bars.values()) {
      const count = (interval: number) => all.filter((bar) => bar.interval === interval).length;
      expect(count(BarInterval.D1)).toBe(365);
      expect(count(BarInterval.M1)).toBeGreaterThanOrEqual(2_880);
      const seconds = { [BarInterval.D1]: 86_400n, [BarInterval.H1]: 3_600n, [BarInterval.M1]: 60n } as Record<
        number,
        bigint
      >;
      for (let at = 1; at < all.length; at++) {
        const before = all[at - 1]!;
        expect(all[at]!.openedAtNanos).toBe(before.openedAtNanos + seconds[before.interval]! * 1_000_000_000n);
      }
      expect(all.at(-1)!.openedAtNanos).toBe(BigInt(Math.floor(START / 60e6) * 60 - 60) * 1_000_000_000n);
    }
  });

  test("each bar opens where the last one closed, holds its prices, and its average price lies within", () => {
    for (const all of bars.values()) {
      for (const [at, bar] of all.entries()) {
        if (at > 0) expect(bar.openE9).toBe(all[at - 1]!.closeE9);
        expect(
          bar.lowE9 <= bar.openE9 && bar.lowE9 <= bar.closeE9 && bar.highE9 >= bar.openE9 && bar.highE9 >= bar.closeE9,
        ).toBe(true);
        expect(bar.notionalE18! >= bar.lowE9 * bar.volumeE9 && bar.notionalE18! <= bar.highE9 * bar.volumeE9).toBe(
          true,
        );
        expect(bar.volumeE9 > 0n && bar.tradeCount > 0).toBe(true);
      }
    }
  });

  test("goes over into the live market without a jump", () => {
    const first = new Map(
      of<QuoteInput>(written, "quote")
        .toReversed()
        .map((quote) => [quote.instrumentId, quote]),
    );
    for (const [number, { tickE9, spreadTicks }] of few.instruments.entries()) {
      const { bidPriceE9, askPriceE9 } = first.get(number)!;
      const close = bars.get(number)!.at(-1)!.closeE9;
      const reach = tickE9 * BigInt(spreadTicks + 2);
      expect(close >= bidPriceE9 - reach && close <= askPriceE9 + reach).toBe(true);
    }
  });

  test("has 200 articles about its instruments, oldest first, each with an id of its own", () => {
    expect(articles).toHaveLength(200);
    expect(new Set(articles.map(({ article }) => article.id)).size).toBe(200);
    for (const { atMicros, article } of articles) {
      expect(atMicros).toBeLessThan(START);
      expect(article.title).not.toMatch(/[{}]/);
      expect(article.instruments.length).toBeGreaterThan(0);
      expect(new URL(article.url!).hostname).toMatch(/\.example$/);
    }
    expect(articles.map(({ atMicros }) => atMicros)).toEqual(
      articles.map(({ atMicros }) => atMicros).toSorted((a, b) => a - b),
    );
  });
});

test("beside an engine that knows the market, only the gap is filled, from its last prices on", () => {
  const written: Written[] = [];
  const sink = keep(written);
  const untilSeconds = Math.floor(START / 60e6) * 60 - 600;
  const known = {
    untilSeconds: few.instruments.map(() => untilSeconds),
    price: few.instruments.map(({ definition }) => (definition.symbol === "BTCUSDT" ? 50_000 : null)),
    lastTradeId: few.instruments.map(() => 41n),
  };
  const simulation = start({ universe: few, known }, sink);
  const articles = past(simulation, sink);
  simulation.open(sink);
  const bars = Map.groupBy(of<BarInput>(written, "bar"), ({ instrumentId }) => instrumentId);
  for (const all of bars.values())
    expect(all.map(({ openedAtNanos, interval }) => [interval, Number(openedAtNanos / 1_000_000_000n)])).toEqual(
      Array.from({ length: 10 }, (_, at) => [BarInterval.M1, untilSeconds + at * 60]),
    );
  expect(bars.get(0)![0]!.openE9).toBe(50_000_000_000_000n);
  expect(of<TradeInput>(written, "trade").every(({ tradeId }) => tradeId === 42n)).toBe(true);
  expect(articles.length).toBeLessThan(3);
});

test("a gap of weeks is bounded: its days, a week of hours, two days of minutes", () => {
  const written: Written[] = [];
  const known = {
    untilSeconds: few.instruments.map(() => Math.floor(START / 1e6) - 30 * 86_400),
    price: few.instruments.map(() => null),
    lastTradeId: few.instruments.map(() => 0n),
  };
  past(start({ universe: few, known }, keep(written)), keep(written));
  const bars = of<BarInput>(written, "bar").filter(({ instrumentId }) => instrumentId === 0);
  const count = (interval: number) => bars.filter((bar) => bar.interval === interval).length;
  expect(count(BarInterval.D1)).toBe(22);
  expect(count(BarInterval.M1)).toBeLessThan(2_880 + 60);
});

test("jumps are told with the symbols that they moved, and the news follow", () => {
  const simulation = start({ rate: 200 });
  const sink = keep([]);
  simulation.open(sink);
  const jumps = [];
  const articles = [];
  for (let minute = 1; minute <= 90; minute++) {
    const told = simulation.advance(START + minute * 60_000_000, keep([]));
    jumps.push(...told.jumps);
    articles.push(...told.articles);
  }
  expect(jumps.length).toBeGreaterThan(8);
  for (const jump of jumps.slice(0, -2)) {
    const told = articles.find(({ article }) => article.url!.endsWith(jump.id))!;
    expect(told.article.instruments[0]!.symbol).toBe(jump.symbols[0]);
    expect(told.atMicros).toBeGreaterThan(jump.atMicros);
    expect(Math.abs(jump.logSize)).toBeGreaterThan(0);
  }
});

function best(levels: ReadonlyMap<bigint, bigint>, better: (a: bigint, b: bigint) => boolean): [bigint, bigint] {
  let found: [bigint, bigint] | null = null;
  for (const level of levels) if (!found || better(level[0], found[0])) found = level;
  return found!;
}
