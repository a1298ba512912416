import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { breadth } from "../cross-section/breadth.ts";
import { regime } from "../cross-section/regime.ts";
import { standings } from "../cross-section/snapshot.ts";
import { INTERVAL_MS } from "../interval-length.ts";
import { LiveIndicators } from "../indicators/live-indicators.ts";
import { MarketMemory, type BarInterval } from "../market-memory.ts";
import { briefDay } from "./brief-day.ts";
import { instrumentGaps, marketGaps } from "./gaps.ts";
import { dailyRegime, instrumentDay } from "./instrument-day.ts";
import { MarketDay } from "./market-day.ts";
import { MarketDays } from "./market-days.ts";

const FIRST_DAY_MS = Date.UTC(2024, 0, 1);
const dateOf = (day: number): string => new Date(FIRST_DAY_MS + day * INTERVAL_MS.D1).toISOString().slice(0, 10);

/** Adds a bar that opens so many intervals after the beginning of a day. */
function add(memory: MarketMemory, symbol: string, interval: BarInterval, day: number, close: number, at = 0): void {
  const openedAtMs = FIRST_DAY_MS + day * INTERVAL_MS.D1 + at * INTERVAL_MS[interval];
  const bar = { openedAtMs, open: close, high: close * 1.01, low: close * 0.99, close, volume: 10, revision: 0 };
  memory.add(symbol, interval, bar);
}

/** Days with these closes. */
function memoryOf(closes: Record<string, readonly number[]>): MarketMemory {
  const memory = new MarketMemory();
  for (const [symbol, values] of Object.entries(closes))
    values.forEach((close, day) => add(memory, symbol, "D1", day, close));
  return memory;
}

const marketOf = (memory: MarketMemory, day: number) => new MarketDay(memory, briefDay(memory, dateOf(day))!);
const waves = (seed: number, days: number): number[] =>
  Array.from({ length: days }, (_, day) => 100 + 10 * Math.sin((day * seed) / 7) + Math.cos(day * (seed + 3)));

describe("the day of a brief", () => {
  test("is that of the newest bar; one that ends at midnight is of the day before", () => {
    const memory = memoryOf({ A: [1, 2] });
    expect(briefDay(memory, null)).toEqual({
      date: "2024-01-02",
      fromMs: Date.UTC(2024, 0, 2),
      toMs: Date.UTC(2024, 0, 3),
      final: true,
    });
    add(memory, "A", "M5", 2, 3);
    expect(briefDay(memory, null)).toEqual({
      date: "2024-01-03",
      fromMs: Date.UTC(2024, 0, 3),
      toMs: Date.UTC(2024, 0, 3, 0, 5),
      final: false,
    });
    expect(briefDay(memory, "2024-01-01")).toMatchObject({ date: "2024-01-01", final: true });
  });

  test("there is none before the first bar", () => {
    expect(briefDay(new MarketMemory(), null)).toBeNull();
    expect(briefDay(new MarketMemory(), "2024-01-01")).toBeNull();
  });

  test("one to come, and one before what is kept, are refused with the days that there are", () => {
    const memory = memoryOf({ A: [1, 2] });
    const kept = { oldest: "2024-01-01", newest: "2024-01-02" };
    expect(() => briefDay(memory, "2024-01-03")).toThrow(
      expect.objectContaining({ code: "BAD_USER_INPUT", details: { argument: "date", ...kept } }),
    );
    expect(() => briefDay(memory, "2023-12-31")).toThrow(
      expect.objectContaining({ code: "DAY_NOT_KEPT", details: { date: "2023-12-31", ...kept } }),
    );
  });
});

describe("a standing", () => {
  const standing = (memory: MarketMemory, symbol: string) =>
    instrumentDay(memory, symbol, briefDay(memory, null)!).standing;

  test("of a day that goes on is of its five minutes and the close before it", () => {
    const memory = memoryOf({ A: [100, 200] });
    add(memory, "A", "M5", 1, 200, 287);
    add(memory, "A", "M5", 2, 210, 0);
    add(memory, "A", "M5", 2, 220, 1);
    expect(standing(memory, "A")).toEqual({
      symbol: "A",
      asOfMs: Date.UTC(2024, 0, 3, 0, 5),
      price: 220,
      changePercent: (220 / 200 - 1) * 100,
      volume: 20,
      tradedValue: 4_300,
    });
  });

  test("just after midnight begins from the last five minutes, while the day's own bar has not come", () => {
    const memory = memoryOf({ A: [100] });
    add(memory, "A", "M5", 1, 150, 287);
    add(memory, "A", "M5", 2, 300, 0);
    expect(standing(memory, "A")?.changePercent).toBeCloseTo(100, 9);
  });

  test("is not made of a window that let go of the day's beginning", () => {
    const memory = memoryOf({ A: [100], B: [1] });
    add(memory, "A", "M5", 1, 150, 200);
    expect(standing(memory, "A")).toBeNull();
    // No breadth is missing of a day on which nobody stands.
    const gaps = marketGaps(marketOf(memory, 1), { signals: true, champion: true });
    expect(gaps.map(({ part }) => part)).toEqual(["STANDINGS", "REGIMES"]);
    expect(gaps[0]!.reason).toContain("bars that begin within it");
  });

  test("is none without a bar of the day, and none without a close before it", () => {
    const memory = memoryOf({ A: [1, 2, 3], QUIET: [1, 2] });
    add(memory, "NEW", "D1", 2, 5);
    const market = marketOf(memory, 2);
    expect(market.standings.map(({ symbol }) => symbol)).toEqual(["A"]);
    expect(marketGaps(market, { signals: true, champion: true })).toEqual([
      {
        part: "STANDINGS",
        reason: "2 of 3 instruments have no bar of the day, no close before it, or bars that begin within it.",
      },
      { part: "BREADTH", reason: "No instrument has the 50 days of the average yet." },
      { part: "REGIMES", reason: "3 of 3 instruments have fewer than 120 whole days, or did not move." },
    ]);
  });
});

describe("a market", () => {
  const symbols = Array.from({ length: 12 }, (_, index) => `S${index}`);
  const closes = Object.fromEntries(symbols.map((symbol, index) => [symbol, waves(index + 1, 200)]));

  test("of the last whole day is what movers, breadth and regimes of days say", () => {
    const memory = memoryOf(closes);
    const live = new LiveIndicators(memory);
    const market = marketOf(memory, 199);
    const expected = standings(memory, live, "D1", 1).sort(
      (a, b) => Math.abs(b.changePercent) - Math.abs(a.changePercent),
    );
    expect(market.standings.map(({ standing }) => standing)).toEqual(expected);
    expect(market.breadth).toEqual(breadth(memory, live, "D1", 1));
    const kinds = symbols.map((symbol) => regime(memory, live, symbol, "D1"));
    expect(symbols.map((symbol) => dailyRegime(instrumentDay(memory, symbol, market.day)))).toEqual(kinds);
    const { trendingUp, trendingDown, ranging, turbulent, unknown } = market.regimes;
    expect(trendingUp + trendingDown).toBe(kinds.filter((found) => found?.kind === "TREND").length);
    expect([ranging, turbulent, unknown]).toEqual([
      kinds.filter((found) => found?.kind === "RANGE").length,
      kinds.filter((found) => found?.kind === "TURBULENT").length,
      0,
    ]);
  });

  test("of a day is told the same whatever came after it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 198 }), fc.integer({ min: 0, max: 199 }), (day, more) => {
        const upTo = (days: number) =>
          memoryOf(Object.fromEntries(symbols.map((symbol) => [symbol, closes[symbol]!.slice(0, days)])));
        const [then, later] = [marketOf(upTo(day + 1), day), marketOf(upTo(Math.min(200, day + 1 + more)), day)];
        expect(later.day).toEqual(then.day);
        expect(later.standings).toEqual(then.standings);
        expect(later.breadth).toEqual(then.breadth);
        expect(later.regimes).toEqual(then.regimes);
      }),
      { numRuns: 30 },
    );
  });
});

test("a day is told the same when the window let go of all but 300 bars before it", () => {
  // At 750 bars the window lets go of the first 150.
  const [days, day] = [760, 455];
  const long = Object.fromEntries(Array.from({ length: 6 }, (_, seed) => [`S${seed}`, waves(seed + 1, days)]));
  const upTo = (end: number) =>
    memoryOf(Object.fromEntries(Object.entries(long).map(([symbol, closes]) => [symbol, closes.slice(0, end)])));
  const [then, later] = [marketOf(upTo(day + 1), day), marketOf(upTo(days), day)];
  expect(later.standings.map(({ standing, days: kept }) => [standing, kept.length])).toEqual(
    then.standings.map(({ standing }) => [standing, day + 1 - 150]),
  );
  expect(later.breadth).toEqual(then.breadth);
  expect(later.regimes).toEqual(then.regimes);
});

test("a request makes each day of the market once, in its turn, and at most ten", async () => {
  const memory = memoryOf({ A: Array.from({ length: 12 }, (_, day) => day + 1) });
  const passes: number[] = [];
  const days = new MarketDays(memory, {
    make: async (bars, pass) => {
      passes.push(bars);
      return pass();
    },
  });
  const ofDay = (day: number) => days.of(briefDay(memory, dateOf(day))!);
  const made = await Promise.all(Array.from({ length: 10 }, (_, day) => ofDay(day)));
  for (const [day, market] of made.entries()) expect(await ofDay(day)).toBe(market);
  expect(passes).toEqual(new Array(10).fill(1_200));
  await expect(ofDay(10)).rejects.toMatchObject({ code: "RANGE_TOO_LARGE", details: { daysMax: 10 } });
});

test("the regimes of a day are counted in one pass, however many ask", async () => {
  const memory = memoryOf({ A: Array.from({ length: 12 }, (_, day) => day + 1) });
  const passes: number[] = [];
  const turns = {
    make: async <Value>(bars: number, pass: () => Value) => {
      passes.push(bars);
      return pass();
    },
  };
  const market = new MarketDay(memory, briefDay(memory, dateOf(5))!);
  const [once, again] = await Promise.all([market.regimesBy(turns), market.regimesBy(turns)]);
  expect(again).toBe(once);
  expect(passes).toEqual([600]);
});

test("an instrument says what its day lacks", () => {
  const memory = memoryOf({ A: [1, 2], STILL: new Array<number>(150).fill(7) });
  const day = briefDay(memory, dateOf(149))!;
  expect(instrumentGaps(instrumentDay(memory, "A", day), { signals: false, champion: false, bars: false })).toEqual([
    {
      part: "STANDINGS",
      reason: "It has no bar of the day, no close before it, or bars of five minutes that begin within it.",
    },
    { part: "REGIMES", reason: "It has 2 whole days; a regime takes 120." },
    { part: "BARS", reason: "No bars of the day are kept." },
    { part: "SIGNALS", reason: "No signal is of the day. Bars that came as history raise none." },
    {
      part: "FORECASTS",
      reason: "No model is champion: nothing is forecast before one is trained and promoted.",
    },
  ]);
  expect(instrumentGaps(instrumentDay(memory, "STILL", day), { signals: true, champion: true, bars: true })).toEqual([
    { part: "REGIMES", reason: "It did not move." },
  ]);
});
