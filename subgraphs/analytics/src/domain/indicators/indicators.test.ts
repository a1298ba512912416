import fc from "fast-check";
import { ADX, ATR, BollingerBands, EMA, MACD, OBV, RSI, SMA, StochasticOscillator, VWAP } from "trading-signals";
import { describe, expect, test } from "vitest";
import { MarketMemory } from "../market-memory.ts";
import type { IndicatorBar } from "./indicator.ts";
import {
  createIndicator,
  indicatorLead,
  indicatorSpec,
  type IndicatorArguments,
  type IndicatorKind,
} from "./indicator-spec.ts";
import { LiveIndicators, ofBars } from "./live-indicators.ts";

type Bar = IndicatorBar & { revision: number };

function barsOf(closes: readonly number[]): Bar[] {
  return closes.map((close, index) => {
    const open = closes[index - 1] ?? close;
    return {
      openedAtMs: index * 60_000,
      open,
      high: Math.max(open, close) * (1 + 0.003 * ((index * 7) % 11)),
      low: Math.min(open, close) * (1 - 0.003 * ((index * 5) % 13)),
      close,
      volume: 1 + ((index * 31) % 17),
      benchmarkClose: 50 + Math.sin(index) * 3,
      revision: 0,
    };
  });
}

const valueOf = (kind: IndicatorKind, bars: readonly IndicatorBar[], given: IndicatorArguments = {}) =>
  ofBars(createIndicator(indicatorSpec(kind, "M1", { benchmark: "B", ...given })), bars);

function near(actual: readonly number[] | null, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, index) =>
    expect(Math.abs(actual![index]! - value)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(value))),
  );
}

/** The closes of the worked example of RSI in StockCharts' ChartSchool, and the values that it prints. */
const RSI_CLOSES = [
  44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931, 46.0328, 45.614,
  46.282, 46.282, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439,
];
const RSI_VALUES = [70.53, 66.32, 66.55, 69.41, 66.36, 57.97];

test("RSI gives the values of the published table", () => {
  RSI_VALUES.forEach((value, index) =>
    expect(valueOf("RSI", barsOf(RSI_CLOSES.slice(0, 15 + index)), { period: 14 })![0]).toBeCloseTo(value, 1),
  );
});

const anyCloses = fc.array(fc.double({ min: 1, max: 1_000, noNaN: true }), { minLength: 60, maxLength: 120 });

describe("each indicator equals that of a library that computes it another way", () => {
  /** The library's value after the last bar. */
  function library<Value>(
    indicator: { update(input: never, replace: boolean): unknown; getResultOrThrow(): Value },
    inputs: readonly unknown[],
  ): Value {
    for (const input of inputs) indicator.update(input as never, false);
    return indicator.getResultOrThrow();
  }
  const cases: [IndicatorKind, IndicatorArguments, (bars: Bar[], closes: number[]) => number[]][] = [
    ["SMA", { period: 20 }, (_, closes) => [library(new SMA(20), closes)]],
    ["EMA", { period: 20 }, (_, closes) => [library(new EMA(20), closes)]],
    ["RSI", { period: 14 }, (_, closes) => [library(new RSI(14), closes)]],
    ["ATR", { period: 14 }, (bars) => [library(new ATR(14), bars)]],
    ["OBV", {}, (bars) => [library(new OBV(2), bars)]],
    [
      "MACD",
      {},
      (_, closes) => {
        const { macd, signal, histogram } = library(new MACD(new EMA(12), new EMA(26), new EMA(9)), closes);
        return [macd, signal, histogram];
      },
    ],
    [
      "BOLLINGER",
      {},
      (_, closes) => {
        const { upper, middle, lower } = library(new BollingerBands(20, 2), closes);
        return [upper, middle, lower];
      },
    ],
    [
      "STOCHASTIC",
      {},
      (bars) => {
        const oscillator = new StochasticOscillator({ kPeriod: 14, kSlowingPeriod: 3, dPeriod: 3 });
        const { stochK, stochD } = library(oscillator, bars);
        return [stochK, stochD];
      },
    ],
  ];
  test.each(cases)("%s", (kind, given, expected) => {
    fc.assert(
      fc.property(anyCloses, (closes) => near(valueOf(kind, barsOf(closes), given), expected(barsOf(closes), closes))),
    );
  });

  test("ADX, once the two beginnings are forgotten: the library counts the first bar too", () => {
    const closes = Array.from({ length: 900 }, (_, index) => 100 + 20 * Math.sin(index / 9) + ((index * 37) % 19));
    const reference = new ADX(14);
    for (const bar of barsOf(closes)) reference.update(bar, false);
    const [adx, plus, minus] = valueOf("ADX", barsOf(closes))!;
    near(
      [adx!, plus!, minus!],
      [reference.getResultOrThrow(), Number(reference.pdi) * 100, Number(reference.mdi) * 100],
    );
  });

  test("VWAP of a day", () => {
    fc.assert(
      fc.property(anyCloses, (closes) => {
        near([valueOf("VWAP", barsOf(closes))![1]!], [library(new VWAP(), barsOf(closes))]);
      }),
    );
  });
});

test("turnover sums volumes and their values", () => {
  fc.assert(
    fc.property(anyCloses, (closes) => {
      const last = barsOf(closes).slice(-7);
      near(valueOf("TURNOVER", barsOf(closes), { period: 7 }), [
        last.reduce((sum, { volume }) => sum + volume, 0),
        last.reduce((sum, { close, volume }) => sum + close * volume, 0),
      ]);
    }),
  );
});

describe("what no library has equals its formula", () => {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1);
  const closeReturns = (bars: readonly Bar[]) =>
    bars.slice(1).map(({ close }, index) => Math.log(close / bars[index]!.close));
  const cases: [IndicatorKind, IndicatorArguments, (bars: Bar[]) => number][] = [
    ["CLOSE_TO_CLOSE", { period: 20 }, (bars) => Math.sqrt(variance(closeReturns(bars.slice(-21))))],
    [
      "PARKINSON",
      { period: 20 },
      (bars) => Math.sqrt(mean(bars.slice(-20).map(({ high, low }) => Math.log(high / low) ** 2)) / (4 * Math.log(2))),
    ],
    [
      "GARMAN_KLASS",
      { period: 20 },
      (bars) =>
        Math.sqrt(
          Math.max(
            0,
            mean(
              bars
                .slice(-20)
                .map(
                  (bar) =>
                    Math.log(bar.high / bar.low) ** 2 / 2 - (2 * Math.log(2) - 1) * Math.log(bar.close / bar.open) ** 2,
                ),
            ),
          ),
        ),
    ],
    [
      "YANG_ZHANG",
      { period: 20 },
      (bars) => {
        const last = bars.slice(-20);
        const gaps = last.map(({ open }, index) => Math.log(open / bars.at(-21 + index)!.close));
        const bodies = last.map(({ open, close }) => Math.log(close / open));
        const rogers = last.map(
          ({ open, high, low, close }) =>
            Math.log(high / close) * Math.log(high / open) + Math.log(low / close) * Math.log(low / open),
        );
        const k = 0.34 / (1.34 + 21 / 19);
        return Math.sqrt(variance(gaps) + k * variance(bodies) + (1 - k) * mean(rogers));
      },
    ],
    [
      "DRAWDOWN",
      { period: 30 },
      (bars) => (bars.at(-1)!.close / Math.max(...bars.slice(-30).map(({ close }) => close)) - 1) * 100,
    ],
    [
      "SHARPE",
      { period: 30 },
      (bars) => {
        const returns = closeReturns(bars.slice(-31));
        return (mean(returns) / Math.sqrt(variance(returns))) * Math.sqrt(365 * 1_440);
      },
    ],
    [
      "BETA",
      { period: 30 },
      (bars) => {
        const own = closeReturns(bars.slice(-31));
        const other = closeReturns(bars.slice(-31).map((bar) => ({ ...bar, close: bar.benchmarkClose! })));
        const together = own.reduce(
          (sum, value, index) => sum + (value - mean(own)) * (other[index]! - mean(other)),
          0,
        );
        return together / 29 / variance(other);
      },
    ],
  ];
  test.each(cases)("%s", (kind, given, expected) => {
    fc.assert(
      fc.property(anyCloses, (closes) => near(valueOf(kind, barsOf(closes), given), [expected(barsOf(closes))])),
    );
  });
});

test("nothing is made up before enough bars are there", () => {
  const needed: [IndicatorKind, number, IndicatorArguments?][] = [
    ["SMA", 20],
    ["EMA", 20],
    ["RSI", 15],
    ["MACD", 34],
    ["BOLLINGER", 20],
    ["ATR", 14],
    ["ADX", 28],
    ["STOCHASTIC", 18],
    ["OBV", 1],
    ["TURNOVER", 20],
    ["VWAP", 1],
    ["CLOSE_TO_CLOSE", 21],
    ["PARKINSON", 20],
    ["GARMAN_KLASS", 20],
    ["YANG_ZHANG", 21],
    ["DRAWDOWN", 100],
    ["SHARPE", 61],
    ["BETA", 61],
  ];
  for (const [kind, bars] of needed) {
    const closes = Array.from({ length: bars }, (_, index) => 100 + Math.sin(index) * 5);
    expect(valueOf(kind, barsOf(closes.slice(1))), kind).toBeNull();
    expect(valueOf(kind, barsOf(closes)), kind).not.toBeNull();
  }
});

test("a price that never moved has an RSI in the middle, no volatility, and no Sharpe ratio", () => {
  const bars = barsOf(new Array(80).fill(7)).map((bar) => ({ ...bar, high: 7, low: 7 }));
  expect(valueOf("RSI", bars)).toEqual([50]);
  expect(valueOf("CLOSE_TO_CLOSE", bars)).toEqual([0]);
  expect(valueOf("SHARPE", bars)).toBeNull();
  expect(valueOf("STOCHASTIC", bars)).toEqual([50, 50]);
});

const ALL_KINDS: IndicatorKind[] = [
  "SMA",
  "EMA",
  "RSI",
  "MACD",
  "BOLLINGER",
  "ATR",
  "ADX",
  "STOCHASTIC",
  "OBV",
  "TURNOVER",
  "VWAP",
  "CLOSE_TO_CLOSE",
  "PARKINSON",
  "GARMAN_KLASS",
  "YANG_ZHANG",
  "DRAWDOWN",
  "SHARPE",
  "BETA",
];

test("whatever bars the engine can give, a value is a number or null", () => {
  // From the smallest price to the largest, still for long or not, traded or not.
  const anyPrice = fc.oneof(
    fc.constantFrom(1e-9, 1, 4_611_686_018.427388),
    fc.double({ min: 1e-9, max: 4_611_686_018.427388, noNaN: true }),
  );
  const anyBar = fc.record({
    prices: fc.tuple(anyPrice, anyPrice, anyPrice, anyPrice),
    volume: fc.oneof(fc.constantFrom(0, 1e-9), fc.double({ min: 1e-9, max: 1e18, noNaN: true })),
    benchmarkClose: fc.option(anyPrice, { nil: undefined }),
    times: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(
    fc.property(fc.array(anyBar, { maxLength: 8 }), fc.integer({ min: 2, max: 20 }), (given, period) => {
      const bars = given
        .flatMap(({ times, ...bar }) => new Array<typeof bar>(times).fill(bar))
        .map(({ prices, volume, benchmarkClose }, at) => ({
          openedAtMs: at * 60_000,
          open: prices[0],
          close: prices[1],
          high: Math.max(...prices),
          low: Math.min(...prices),
          volume,
          ...(benchmarkClose !== undefined && { benchmarkClose }),
        }));
      for (const kind of ALL_KINDS) {
        const indicator = createIndicator(indicatorSpec(kind, "M1", { benchmark: "B", period }));
        for (const bar of bars)
          for (const value of indicator.add(bar) ?? []) expect(value, kind).toSatisfy(Number.isFinite);
      }
    }),
    { numRuns: 300 },
  );
});

const KINDS: IndicatorKind[] = [
  "SMA",
  "EMA",
  "RSI",
  "MACD",
  "BOLLINGER",
  "ATR",
  "ADX",
  "STOCHASTIC",
  "YANG_ZHANG",
  "DRAWDOWN",
];

test("a longer history before a bar changes no value by more than a billionth of it", () => {
  const closes = Array.from({ length: 4_000 }, (_, index) => 100 + 20 * Math.sin(index / 9) + ((index * 37) % 19));
  for (const kind of KINDS) {
    const lead = indicatorLead(indicatorSpec(kind, "M1", {}));
    near(valueOf(kind, barsOf(closes).slice(-lead - 1)), [...valueOf(kind, barsOf(closes))!]);
  }
});

test("whenever it is asked, also after late and revised bars, a live indicator has the value of its window's bars", () => {
  const anyBars = fc.array(
    fc.record({
      minute: fc.integer({ min: 0, max: 60 }),
      close: fc.double({ min: 1, max: 100, noNaN: true }),
      revision: fc.integer({ min: 0, max: 2 }),
      ask: fc.boolean(),
    }),
    { maxLength: 150 },
  );
  fc.assert(
    fc.property(anyBars, fc.constantFrom(...KINDS), (given, kind) => {
      const memory = new MarketMemory();
      const live = new LiveIndicators(memory);
      const spec = indicatorSpec(kind, "M1", { period: 5, fast: 3, slow: 5, signal: 2 });
      for (const { minute, close, revision, ask } of given) {
        const bar = {
          openedAtMs: minute * 60_000,
          open: close,
          high: close + 1,
          low: close,
          close,
          volume: 1,
          revision,
        };
        memory.add("A", "M1", bar);
        if (ask) expect(live.value("A", spec)).toEqual(ofBars(createIndicator(spec), memory.bars("A", "M1")));
      }
    }),
  );
});

test("one that was not asked for while its window went on begins anew with the window", () => {
  const memory = new MarketMemory();
  const live = new LiveIndicators(memory);
  const spec = indicatorSpec("SMA", "M1", { period: 500 });
  const bars = barsOf(Array.from({ length: 2_500 }, (_, index) => 100 + (index % 7)));
  bars.forEach((bar, index) => {
    memory.add("A", "M1", bar);
    if (index === 0) live.value("A", spec);
  });
  expect(live.value("A", spec)).toEqual(ofBars(createIndicator(spec), memory.bars("A", "M1")));
});
