import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WindowBar } from "../bar-window.ts";
import { lastChangePoint } from "./cusum.ts";
import { detectAnomalies } from "./detect-anomalies.ts";
import { ewmaBands } from "./ewma-bands.ts";
import { median, robustBaseline } from "./robust-baseline.ts";

/** The same nearly normal numbers every time: sums of twelve uniform ones. */
function normals(seed: number, length: number): number[] {
  let state = seed;
  const uniform = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  return Array.from({ length }, () => Array.from({ length: 12 }, uniform).reduce((sum, each) => sum + each, -6));
}

describe("the robust baseline", () => {
  test("has the median, and a scale that is the deviation of normal numbers", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    const { centre, scale } = robustBaseline(normals(1, 5_000))!;
    expect(centre).toBeCloseTo(0, 1);
    expect(scale).toBeCloseTo(1, 1);
  });

  test("a fifth of wild numbers moves it by less than its own scale", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1e3, max: 1e9, noNaN: true }), { maxLength: 25 }), (wild) => {
        const calm = robustBaseline(normals(2, 100))!;
        const mixed = robustBaseline([...normals(2, 100), ...wild])!;
        expect(Math.abs(mixed.centre - calm.centre)).toBeLessThan(calm.scale);
        expect(mixed.scale).toBeLessThan(2 * calm.scale);
      }),
    );
  });

  test("says nothing where nothing varies, and something where less than a half does", () => {
    expect(robustBaseline([1, 1, 1, 1])).toBeNull();
    expect(robustBaseline([1, 1, 1, 1, 2])?.scale).toBeGreaterThan(0);
  });
});

test("one outlier hardly widens the band that the next one is held against", () => {
  const calm = ewmaBands(normals(3, 120))!;
  const after = ewmaBands([...normals(3, 120), 1_000])!;
  expect(after.scale).toBeLessThan(1.3 * calm.scale);
});

describe("a change of level", () => {
  const options = { slack: 0.75, threshold: 10 };

  test("is told with where it began and which way it goes, and then not with every number that follows", () => {
    const numbers = [...normals(4, 60), ...normals(5, 40).map((number) => number - 2)];
    const told = numbers
      .map((_, index) => lastChangePoint(numbers.slice(0, index + 1), options))
      .flatMap((change, at) => (change === null ? [] : [{ ...change, at }]));
    expect(told[0]).toMatchObject({ rising: false });
    expect(Math.abs(told[0]!.from - 60)).toBeLessThan(5);
    expect(told[0]!.at).toBeLessThan(75);
    expect(told[1]!.at - told[0]!.at).toBeGreaterThan(3);
  });

  test("is not told of numbers that keep theirs, nor of one outlier", () => {
    const numbers = normals(6, 120);
    numbers[80] = 50;
    expect(numbers.filter((_, index) => lastChangePoint(numbers.slice(0, index + 1), options) !== null)).toEqual([]);
  });
});

describe("bars", () => {
  /** A market whose returns and volumes are normal, then what the last bars are told to be. */
  function barsOf(change: (bar: WindowBar, index: number) => WindowBar): WindowBar[] {
    const [moves, ranges, volumes] = [normals(7, 300), normals(8, 300), normals(9, 300)] as const;
    let close = 100;
    return moves.map((move, index) => {
      const open = close;
      close *= Math.exp(move / 1_000);
      const width = 0.001 * Math.exp(0.3 * ranges[index]!);
      const bar = {
        openedAtMs: index * 60_000,
        open,
        high: Math.max(open, close) * (1 + width),
        low: Math.min(open, close) * (1 - width),
        close,
        volume: 100 * Math.exp(0.3 * volumes[index]!),
        revision: 0,
      };
      return change(bar, index);
    });
  }
  const kindsOf = (bars: readonly WindowBar[]) =>
    detectAnomalies(bars).map(({ metric, method }) => `${metric}/${method}`);

  test("of a calm market are no anomalies", () => {
    const bars = barsOf((bar) => bar);
    expect(bars.flatMap((_, index) => kindsOf(bars.slice(0, index + 1)))).toEqual([]);
  });

  test.each<[string, (bar: WindowBar, index: number) => WindowBar, string]>([
    ["a jump", (bar, at) => (at === 299 ? { ...bar, close: bar.close * 1.02 } : bar), "PRICE/MEDIAN_MAD"],
    ["a burst of volume", (bar, at) => (at === 299 ? { ...bar, volume: 5_000 } : bar), "VOLUME/MEDIAN_MAD"],
    ["a wide range", (bar, at) => (at === 299 ? { ...bar, high: bar.high * 1.03 } : bar), "VOLATILITY/EWMA_BANDS"],
  ])("%s is one", (_, change, kind) => {
    expect(kindsOf(barsOf(change))).toContain(kind);
  });

  test("volumes that are on another level since some bars are a change point", () => {
    const bars = barsOf((bar, at) => (at >= 275 ? { ...bar, volume: bar.volume * 4 } : bar));
    const found = bars.flatMap((_, index) => detectAnomalies(bars.slice(0, index + 1)));
    expect(found).toContainEqual(expect.objectContaining({ metric: "VOLUME", method: "CUSUM", direction: "UP" }));
  });

  test("without movement, or too few of them, say nothing", () => {
    const still = barsOf((bar) => ({ ...bar, open: 1, high: 1, low: 1, close: 1, volume: 1 }));
    expect(kindsOf(still)).toEqual([]);
    expect(kindsOf(barsOf((bar) => bar).slice(0, 121))).toEqual([]);
  });
});
