import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WindowBar } from "./bar-window.ts";
import * as indicators from "./indicators.ts";

function barsOf(closes: readonly number[]): WindowBar[] {
  return closes.map((close, index) => ({
    openedAtMs: index * 60_000,
    open: close,
    high: close * 1.01,
    low: close * 0.99,
    close,
    volume: 1,
    revision: 0,
  }));
}

/** The closes of the worked example of RSI in StockCharts' ChartSchool, and the values that it prints. */
const RSI_CLOSES = [
  44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931, 46.0328, 45.614,
  46.282, 46.282, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439,
];
const RSI_VALUES = [70.53, 66.32, 66.55, 69.41, 66.36, 57.97];

test("RSI gives the values of the published table", () => {
  const values = RSI_VALUES.map((_, index) => indicators.rsi(barsOf(RSI_CLOSES.slice(0, 15 + index)), 14)!);
  values.forEach((value, index) => expect(value).toBeCloseTo(RSI_VALUES[index]!, 1));
});

const anyCloses = fc.array(fc.double({ min: 1, max: 1_000, noNaN: true }), { minLength: 60, maxLength: 120 });

function near(actual: number | null | undefined, expected: number): void {
  expect(Math.abs(actual! - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
}

describe("each indicator equals a second computation from its definition", () => {
  const cases: [string, (closes: number[]) => void][] = [
    ["SMA", (closes) => near(indicators.sma(barsOf(closes), 20), mean(closes.slice(-20)))],
    ["EMA", (closes) => near(indicators.ema(barsOf(closes), 20), exponential(closes, 2 / 21))],
    ["RSI", (closes) => near(indicators.rsi(barsOf(closes), 14), wilderRsi(closes, 14))],
    ["ATR", (closes) => near(indicators.atr(barsOf(closes), 14), wilderAtr(barsOf(closes), 14))],
    [
      "realised volatility",
      (closes) => near(indicators.realisedVolatility(barsOf(closes), 20), deviation(logs(closes).slice(-20), 1)),
    ],
    [
      "return",
      (closes) => near(indicators.returnPercent(barsOf(closes), 5), (closes.at(-1)! / closes.at(-6)! - 1) * 100),
    ],
    [
      "Bollinger bands",
      (closes) => {
        const bands = indicators.bollinger(barsOf(closes), 20, 2)!;
        const last = closes.slice(-20);
        near(bands.middle, mean(last));
        near(bands.upper, mean(last) + 2 * deviation(last, 0));
        near(bands.lower, mean(last) - 2 * deviation(last, 0));
      },
    ],
    [
      "MACD",
      (closes) => {
        const result = indicators.macd(barsOf(closes), 12, 26, 9)!;
        near(result.histogram, result.macd - result.signal);
        near(result.macd, exponential(closes, 2 / 13) - exponential(closes, 2 / 27));
      },
    ],
  ];
  test.each(cases)("%s", (_, check) => fc.assert(fc.property(anyCloses, check)));
});

test("nothing is made up before enough bars are there", () => {
  const warmUp: [string, number, (bars: WindowBar[]) => unknown][] = [
    ["sma", 20, (bars) => indicators.sma(bars, 20)],
    ["ema", 20, (bars) => indicators.ema(bars, 20)],
    ["rsi", 15, (bars) => indicators.rsi(bars, 14)],
    ["macd", 34, (bars) => indicators.macd(bars, 12, 26, 9)],
    ["bollinger", 20, (bars) => indicators.bollinger(bars, 20, 2)],
    ["atr", 14, (bars) => indicators.atr(bars, 14)],
    ["realisedVolatility", 21, (bars) => indicators.realisedVolatility(bars, 20)],
    ["returnPercent", 2, (bars) => indicators.returnPercent(bars, 1)],
  ];
  for (const [name, needed, compute] of warmUp) {
    const closes = Array.from({ length: needed }, (_, index) => 100 + Math.sin(index) * 5);
    expect(compute(barsOf(closes.slice(1))), name).toBeNull();
    expect(compute(barsOf(closes)), name).not.toBeNull();
  }
});

test("a price that never moved has an RSI in the middle and no volatility", () => {
  const bars = barsOf(new Array(40).fill(7));
  expect(indicators.rsi(bars, 14)).toBe(50);
  expect(indicators.realisedVolatility(bars, 20)).toBe(0);
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[], lost: number): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - lost));
}

function logs(closes: readonly number[]): number[] {
  return closes.slice(1).map((close, index) => Math.log(close / closes[index]!));
}

function exponential(values: readonly number[], weight: number): number {
  return values.slice(1).reduce((average, value) => value * weight + average * (1 - weight), values[0]!);
}

function wilder(values: readonly number[], period: number): number {
  return values
    .slice(period)
    .reduce((average, value) => (average * (period - 1) + value) / period, mean(values.slice(0, period)));
}

function wilderRsi(closes: readonly number[], period: number): number {
  const changes = closes.slice(1).map((close, index) => close - closes[index]!);
  const gain = wilder(
    changes.map((change) => Math.max(change, 0)),
    period,
  );
  const loss = wilder(
    changes.map((change) => Math.max(-change, 0)),
    period,
  );
  return loss === 0 ? 100 : 100 - 100 / (1 + gain / loss);
}

function wilderAtr(bars: readonly WindowBar[], period: number): number {
  // The first bar has no close before it: its range is high to low, as in ChartSchool's table.
  const ranges = bars.map((bar, index) => {
    const before = bars[index - 1]?.close ?? bar.close;
    return Math.max(bar.high - bar.low, Math.abs(bar.high - before), Math.abs(bar.low - before));
  });
  return wilder(ranges, period);
}
