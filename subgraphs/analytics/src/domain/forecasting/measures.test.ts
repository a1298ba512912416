import { expect, test } from "vitest";
import { conformalRadius } from "./conformal.ts";
import { compareLosses, logLoss, qlike } from "./losses.ts";
import { rangeVariances, realisedVariances } from "./variance-periods.ts";

const bar = (openedAtMs: number, [open, high, low, close]: readonly [number, number, number, number]) => ({
  openedAtMs,
  open,
  high,
  low,
  close,
  volume: 1,
});
const flat = (openedAtMs: number, close: number) => bar(openedAtMs, [close, close, close, close]);

test("realised variance is the sum of squared returns of the whole periods", () => {
  const e = Math.E;
  // Periods of four bars; the first and the last are not whole.
  const closes = [1, 1, e, e, e ** 2, e ** 4, e, e, e];
  const periods = realisedVariances(
    closes.map((close, at) => flat((at + 2) * 10, close)),
    { barMs: 10, periodMs: 40 },
  );
  expect(periods.map(({ openedAtMs, closedAtMs }) => [openedAtMs, closedAtMs])).toEqual([[40, 80]]);
  expect(periods[0]!.variance).toBeCloseTo(1 + 0 + 1 + 4, 12);
});

test("a return over missing bars counts where it ends, and a period in which nothing moved does not count", () => {
  const periods = realisedVariances(
    [
      flat(0, 1),
      flat(10, Math.E),
      flat(30, Math.E),
      flat(40, Math.E),
      flat(50, Math.E),
      flat(60, Math.E ** 3),
      flat(70, Math.E ** 3),
    ],
    { barMs: 10, periodMs: 20 },
  );
  expect(periods.map(({ openedAtMs, variance }) => [openedAtMs, variance])).toEqual([
    [0, expect.closeTo(1, 12)],
    [60, expect.closeTo(4, 12)],
  ]);
});

test("a price of zero leaves out the periods that have no logarithm", () => {
  const periods = realisedVariances([flat(0, 1), flat(10, 2), flat(20, 0), flat(30, 1), flat(40, 2), flat(50, 3)], {
    barMs: 10,
    periodMs: 20,
  });
  expect(periods.map(({ openedAtMs }) => openedAtMs)).toEqual([0, 40]);
});

test("the variance of a range is Garman and Klass's, with the gap before it", () => {
  const [first, second] = rangeVariances([bar(0, [100, 110, 95, 105]), bar(10, [107, 108, 104, 106])], 10);
  // By hand: ½ ln²(110/95) − (2 ln 2 − 1) ln²(105/100), and the same of the second with ln²(107/105).
  expect(first!.variance).toBeCloseTo(0.5 * 0.146603474 ** 2 - 0.386294361 * 0.048790164 ** 2, 9);
  expect(second!.variance).toBeCloseTo(0.5 * 0.037740328 ** 2 - 0.386294361 * 0.009389741 ** 2 + 0.018868484 ** 2, 9);
});

test("QLIKE is 0 for what came true, and punishes too low a variance more than too high a one", () => {
  expect(qlike(0.04, 0.04)).toBe(0);
  expect(qlike(2, 1)).toBeCloseTo(0.306852819, 9);
  expect(qlike(1, 2)).toBeCloseTo(0.193147181, 9);
});

test("the logarithmic loss of a coin is ln 2, and that of certainty is finite", () => {
  expect(logLoss(1, 0.5)).toBeCloseTo(Math.LN2, 12);
  expect(Number.isFinite(logLoss(1, 0))).toBe(true);
});

test("losses that are smaller each time are better, equal ones are undecided, and a few lucky ones, too", () => {
  const noise = Array.from({ length: 200 }, (_, at) => Math.sin(at * 7.3));
  const against = (shift: number) =>
    compareLosses(
      noise.map((value) => 1 + shift + 0.2 * value),
      noise.map((value) => 1 - 0.2 * value),
      1,
    ).verdict;
  expect([against(-0.2), against(0), against(-0.01), against(0.2)]).toEqual([
    "BETTER",
    "UNDECIDED",
    "UNDECIDED",
    "WORSE",
  ]);
  expect(compareLosses([1, 1, 1], [1, 1, 1], 1)).toMatchObject({ statistic: 0, verdict: "UNDECIDED" });
});

test("the statistic of independent differences is Student's, without lags", () => {
  // Differences 1, 2, 3, 6: mean 3, variance (4 + 1 + 0 + 9) / 4 = 3.5.
  const { statistic } = compareLosses([1, 2, 3, 6], [0, 0, 0, 0], 1);
  // Deviations −2, −1, 0, 3: products with the one before 2, 0 and 0.
  const lagOne = 2 / 4;
  expect(statistic).toBeCloseTo(3 / Math.sqrt((3.5 + 2 * 0.5 * lagOne) / 4), 12);
});

test("the radius is the score of rank ⌈(n + 1) · coverage⌉, and none where that rank does not exist", () => {
  const scores = Array.from({ length: 99 }, (_, at) => ((at * 37) % 99) + 1);
  expect(conformalRadius(scores, 0.9)).toBe(90);
  expect(conformalRadius(scores, 0.5)).toBe(50);
  expect(conformalRadius(scores, 0.995)).toBeNull();
  expect(conformalRadius(scores.slice(0, 49), 0.9)).toBeNull();
});
