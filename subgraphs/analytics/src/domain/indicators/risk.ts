import type { Indicator } from "./indicator.ts";
import { RollingMaximum } from "./rolling-extreme.ts";
import { RollingMoments } from "./rolling-moments.ts";

/** A deviation this small against the sizes of the numbers is rounding: no ratio is made of it. */
const ROUNDING = 1e-12;

/** How far the close is below the highest close of the last `period` bars, in percent: 0 or negative. */
export function drawdown(period: number): Indicator {
  const closes = new RollingMaximum(period);
  return {
    add({ close }) {
      const highest = closes.add(close);
      return closes.full ? [(close / highest - 1) * 100] : null;
    },
  };
}

/**
 * Sharpe's ratio of the last `period` logarithmic returns over a rate of 0, times the square root of the bars in 365 days.
 * Null where the returns do not vary.
 */
export function sharpe(period: number, barsPerYear: number): Indicator {
  const returns = new RollingMoments(period);
  let before: number | null = null;
  return {
    add({ close }) {
      if (before !== null) returns.add(Math.log(close / before));
      before = close;
      if (!returns.full) return null;
      const deviation = Math.sqrt(returns.variance(1));
      return deviation > ROUNDING ? [(returns.mean / deviation) * Math.sqrt(barsPerYear)] : null;
    },
  };
}

/**
 * The slope of the instrument's logarithmic returns on the benchmark's over the last `period` returns that both have; bars
 * at a time when the benchmark has none are passed over. Null where the benchmark does not vary.
 */
export function beta(period: number): Indicator {
  const sums = new RollingMoments(period);
  const differences = new RollingMoments(period);
  const benchmarks = new RollingMoments(period);
  let before: { close: number; benchmarkClose: number } | null = null;
  let value: number[] | null = null;
  return {
    add({ close, benchmarkClose }) {
      if (benchmarkClose === undefined) return value;
      if (before !== null) {
        const own = Math.log(close / before.close);
        const other = Math.log(benchmarkClose / before.benchmarkClose);
        sums.add(own + other);
        differences.add(own - other);
        benchmarks.add(other);
      }
      before = { close, benchmarkClose };
      if (!benchmarks.full) return null;
      // cov(a, b) = (var(a + b) - var(a - b)) / 4
      const covariance = (sums.variance(1) - differences.variance(1)) / 4;
      const variance = benchmarks.variance(1);
      return (value = Math.sqrt(variance) > ROUNDING ? [covariance / variance] : null);
    },
  };
}
