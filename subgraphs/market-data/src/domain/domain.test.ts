import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { barRangeOf, type BarRange } from "./bar-range.ts";
import { BarReader } from "./bar-reader.ts";
import { joinBars, latestRevisions, type Bar } from "./bar.ts";
import { changePercent } from "./change-percent.ts";
import { instrumentsAfter, matcherOf, type Instrument } from "./instrument.ts";
import { expiredPartitions, partitionNamed, partitionOf } from "./partitions.ts";
import type { FeedStatus, Market } from "./ports.ts";
import { isStale } from "./staleness.ts";
import { bookDepthOf, tradePageOf } from "./trade-page.ts";

const coded = (code: string) => expect.objectContaining({ code });
const bar = (minute: number, rest: Partial<Bar> = {}): Bar => ({
  symbol: "BTCUSDT",
  interval: "M1",
  openedAtMs: minute * 60_000,
  open: "1",
  high: "1",
  low: "1",
  close: "1",
  volume: "1",
  vwap: "1",
  tradeCount: 1,
  final: true,
  revision: 0,
  ...rest,
});

/** A range read out of a list, the way the engine and PostgreSQL do. */
const cut = (bars: readonly Bar[], { fromNanos, toNanos }: Pick<BarRange, "fromNanos" | "toNanos">, count: number) =>
  bars
    .filter(
      ({ openedAtMs }) =>
        BigInt(openedAtMs) * 1_000_000n >= (fromNanos ?? 0n) &&
        (toNanos === null || BigInt(openedAtMs) * 1_000_000n < toNanos),
    )
    .slice(-count);

function readerOf(engine: readonly Bar[], history: readonly Bar[]): BarReader {
  const market = {
    bars: async (_: string, __: string, range: BarRange, count: number) => cut(engine, range, count),
  } as unknown as Market;
  return new BarReader(market, { bars: async (_, __, range, count) => cut(history, range, count) });
}

describe("bars", () => {
  test("wherever the engine's memory begins, engine and history together read like one list", async () => {
    const minutes = fc.uniqueArray(fc.nat({ max: 60 }), { maxLength: 40 }).map((all) => all.sort((a, b) => a - b));
    const argument = fc.option(fc.nat({ max: 70 }), { nil: null });
    await fc.assert(
      fc.asyncProperty(
        minutes,
        fc.nat({ max: 40 }),
        fc.nat({ max: 5 }),
        argument,
        argument,
        fc.nat({ max: 50 }),
        async (all, oldest, lag, from, to, last) => {
          // The engine has all from its oldest on, the one in progress too; history lags some bars behind.
          const engine = all
            .slice(oldest)
            .map((minute) => bar(minute, { volume: "engine", final: minute !== all.at(-1) }));
          const history = all
            .slice(0, all.length - 1 - lag > 0 ? all.length - 1 - lag : 0)
            .map((minute) => bar(minute, { volume: "history" }));
          fc.pre(oldest <= history.length);
          const iso = (minute: number | null) =>
            minute === null ? null : new Date(minute * 60_000).toISOString().replace(".000", "");
          const range = barRangeOf({ from: iso(from), to: iso(to), last });
          const got = await readerOf(engine, history).read("BTCUSDT", "M1", range);
          const whole = all.filter((minute) => (to === null || minute < to) && (from === null || minute >= from));
          expect(got.map(({ openedAtMs }) => openedAtMs / 60_000)).toEqual(
            from === null ? (last === 0 ? [] : whole.slice(-last)) : whole,
          );
        },
      ),
    );
  });

  test("the engine's version of a bar stands unless history has a later revision", () => {
    const joined = joinBars(
      [bar(1), bar(2, { close: "old" }), bar(3, { close: "later", revision: 2 })],
      [bar(2, { close: "new" }), bar(3, { close: "earlier", revision: 1 }), bar(4)],
    );
    expect(joined.map(({ openedAtMs, close }) => [openedAtMs / 60_000, close])).toEqual([
      [1, "1"],
      [2, "new"],
      [3, "later"],
      [4, "1"],
    ]);
  });

  test("of several revisions in one batch the latest is written", () => {
    expect(
      latestRevisions([bar(1, { revision: 1 }), bar(2), bar(1, { revision: 0 }), bar(1, { revision: 2 })]),
    ).toEqual([bar(1, { revision: 2 }), bar(2)]);
  });

  test("ten thousand bars are answered and one more is refused", async () => {
    const many = Array.from({ length: 10_001 }, (_, minute) => bar(minute));
    const all = (bars: readonly Bar[]) =>
      readerOf(bars, []).read("BTCUSDT", "M1", barRangeOf({ from: "1970-01-01T00:00:00Z" }));
    expect(await all(many.slice(1))).toHaveLength(10_000);
    await expect(all(many)).rejects.toEqual(coded("RANGE_TOO_LARGE"));
    await expect(
      readerOf(many.slice(5_000), many.slice(0, 5_000)).read(
        "BTCUSDT",
        "M1",
        barRangeOf({ from: "1970-01-01T00:00:00Z" }),
      ),
    ).rejects.toEqual(coded("RANGE_TOO_LARGE"));
    // In nanoseconds of 64 bits, 2600 would be 2015.
    const endless = barRangeOf({ from: "2600-01-01T00:00:00Z", to: "9999-12-31T23:59:59.999999999Z" });
    expect([endless.fromNanos, endless.toNanos]).toEqual([2n ** 63n - 1n, 2n ** 63n - 1n]);
    expect(barRangeOf({ from: "1960-01-01T00:00:00Z" }).fromNanos).toBe(0n);
    expect(() => barRangeOf({ last: 10_001 })).toThrow(coded("RANGE_TOO_LARGE"));
    expect(() => barRangeOf({ last: -1 })).toThrow(coded("BAD_USER_INPUT"));
  });
});

describe("instruments", () => {
  const all = (
    [
      "BTCUSDT Bitcoin BINANCE CRYPTO",
      "AAPL Apple NASDAQ EQUITY",
      "BTC-USD.COINBASE Bitcoin COINBASE CRYPTO",
      "EURUSD Euro FXALL FX",
    ] as const
  )
    .map((line) => line.split(" ") as [string, string, string, "CRYPTO"])
    .map(([symbol, name, venue, kind]): Instrument => ({
      symbol,
      name,
      venue,
      venueSymbol: symbol,
      class: kind,
      source: "LIVE",
    }))
    .sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
  const find = (filter: Parameters<typeof matcherOf>[0], after: string | null = null, count = 10) =>
    instrumentsAfter(all, after, count, matcherOf(filter)).map(({ symbol }) => symbol);

  test.each([
    [{}, ["AAPL", "BTC-USD.COINBASE", "BTCUSDT", "EURUSD"]],
    [{ class: "CRYPTO" }, ["BTC-USD.COINBASE", "BTCUSDT"]],
    [{ venue: "binance" }, ["BTCUSDT"]],
    [{ text: " bitc" }, ["BTC-USD.COINBASE", "BTCUSDT"]],
    [{ text: "usd" }, ["BTC-USD.COINBASE", "BTCUSDT", "EURUSD"]],
    [{ symbols: ["EURUSD", "NOPE"] }, ["EURUSD"]],
    [{ symbols: [] }, []],
    [{ class: "FX", text: "apple" }, []],
  ] as const)("the filter %j finds %j", (filter, symbols) => {
    expect(find(filter)).toEqual(symbols);
  });

  test("a page goes on behind a symbol, also when that symbol is gone", () => {
    expect(find({}, "AAPL", 2)).toEqual(["BTC-USD.COINBASE", "BTCUSDT"]);
    expect(find({}, "BTC", 1)).toEqual(["BTC-USD.COINBASE"]);
    expect(find({}, "EURUSD")).toEqual([]);
  });
});

describe("staleness", () => {
  const at = (seconds: number) => BigInt(seconds) * 1_000_000_000n;
  const feed = (name: string, lastEvent: number | null, rest: Partial<FeedStatus> = {}): FeedStatus => ({
    name,
    source: "LIVE",
    connected: true,
    lastEventNanos: lastEvent === null ? null : at(lastEvent),
    eventsPerSecond: 1,
    gaps: 0,
    ...rest,
  });
  test.each([
    ["as new as its feed", 100, [feed("BINANCE", 100)], false],
    ["five seconds old", 100, [feed("BINANCE", 105)], false],
    ["older than that", 100, [feed("BINANCE", 106)], true],
    ["of a feed that is gone", 100, [feed("BINANCE", 100, { connected: false })], true],
    ["without any feed", 100, [], true],
    ["of another source's feed", 100, [feed("BINANCE", 100, { source: "REPLAY" })], true],
    ["while another venue's feed is ahead", 100, [feed("binance", 101), feed("coinbase", 200)], false],
    ["of a feed that is not named after a venue", 100, [feed("simulator", 200)], true],
  ] as const)("a quote %s", (_, quoteAt, feeds, stale) => {
    expect(isStale(at(quoteAt), { venue: "BINANCE", source: "LIVE" }, feeds)).toBe(stale);
  });
});

describe("partitions", () => {
  test("every time has one partition, and its name says which", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("M1" as const, "M5" as const, "H1" as const, "D1" as const),
        fc.date({ min: new Date("1990-01-01"), max: new Date("2090-01-01"), noInvalidDate: true }),
        (interval, date) => {
          const partition = partitionOf(interval, date.getTime());
          expect(partition.fromMs <= date.getTime() && date.getTime() < partition.toMs).toBe(true);
          expect(partitionNamed(partition.name)).toEqual(partition);
          expect(partitionOf(interval, partition.toMs).fromMs).toBe(partition.toMs);
        },
      ),
    );
    expect(partitionNamed("bars_m1")).toBeNull();
    expect(partitionNamed("bars_m1_2024")).toBeNull();
  });

  test("age counts back from the newest bars of the interval", () => {
    const names = ["bars_m1_202401", "bars_m1_202406", "bars_m1_202408", "bars_d1_1999", "bars_d1_2024"];
    const partitions = names.map((name) => partitionNamed(name)!);
    const retention = { M1: 60, M5: 60, H1: 60, D1: 36_500 };
    const nowMs = Date.UTC(2026, 0);
    expect(expiredPartitions(partitions, retention, nowMs).map(({ name }) => name)).toEqual(["bars_m1_202401"]);
    expect(expiredPartitions(partitions.slice(0, 1), { M1: 1, M5: 1, H1: 1, D1: 1 }, nowMs)).toEqual([]);
    const wrongDate = partitionNamed("bars_m1_209901")!;
    expect(expiredPartitions([...partitions, wrongDate], retention, nowMs).map(({ name }) => name)).toEqual([
      "bars_m1_202401",
    ]);
  });
});

test("the change is in percent of the open", () => {
  expect(changePercent(100_000_000_000n, 101_500_000_000n)).toBe(1.5);
  expect(changePercent(3n, 2n)).toBeCloseTo(-33.333333);
  expect(changePercent(0n, 5n)).toBe(0);
});

test("pages of trades and depths of books have bounds", () => {
  expect(tradePageOf({ last: 5, before: "17" })).toEqual({ last: 5, beforeTradeId: 17n });
  expect(tradePageOf({})).toEqual({ last: 50, beforeTradeId: null });
  for (const before of ["x", "-1", "1.5", "0", "99999999999999999999"])
    expect(() => tradePageOf({ before })).toThrow(coded("BAD_USER_INPUT"));
  expect(() => tradePageOf({ last: 1_001 })).toThrow(coded("RANGE_TOO_LARGE"));
  expect(bookDepthOf(null)).toBe(10);
  expect(() => bookDepthOf(0)).toThrow(coded("BAD_USER_INPUT"));
});
