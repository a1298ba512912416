import { WilderAverage } from "./averages.ts";
import type { Indicator } from "./indicator.ts";
import { RollingMoments } from "./rolling-moments.ts";

/** Wilder's average true range. The first bar has no close before it: its range is high to low. */
export function atr(period: number): Indicator {
  const ranges = new WilderAverage(period);
  let before: number | null = null;
  return {
    add({ high, low, close }) {
      const value = ranges.add(before === null ? high - low : Math.max(high, before) - Math.min(low, before));
      before = close;
      return value === null ? null : [value];
    },
  };
}

/** Sample standard deviation of the last `period` logarithmic close-to-close returns, per bar. */
export function closeToClose(period: number): Indicator {
  const returns = new RollingMoments(period);
  let before: number | null = null;
  return {
    add({ close }) {
      if (before !== null) returns.add(Math.log(close / before));
      before = close;
      return returns.full ? [Math.sqrt(returns.variance(1))] : null;
    },
  };
}

/** Parkinson (Journal of Business 53, 1980), per bar: from highs and lows, without drift. */
export function parkinson(period: number): Indicator {
  const squares = new RollingMoments(period);
  return {
    add({ high, low }) {
      squares.add(Math.log(high / low) ** 2);
      return squares.full ? [Math.sqrt(Math.max(0, squares.mean) / (4 * Math.LN2))] : null;
    },
  };
}

/** Garman and Klass (Journal of Business 53, 1980), per bar: from all four prices, without drift or gaps between bars. */
export function garmanKlass(period: number): Indicator {
  const terms = new RollingMoments(period);
  return {
    add({ open, high, low, close }) {
      terms.add(0.5 * Math.log(high / low) ** 2 - (2 * Math.LN2 - 1) * Math.log(close / open) ** 2);
      return terms.full ? [Math.sqrt(Math.max(0, terms.mean))] : null;
    },
  };
}

/** Yang and Zhang (Journal of Business 73, 2000), per bar: gaps between bars, open to close, and Rogers-Satchell; free of drift. */
export function yangZhang(period: number): Indicator {
  const gaps = new RollingMoments(period);
  const bodies = new RollingMoments(period);
  const ranges = new RollingMoments(period);
  const weight = 0.34 / (1.34 + (period + 1) / (period - 1));
  let before: number | null = null;
  return {
    add({ open, high, low, close }) {
      if (before !== null) {
        gaps.add(Math.log(open / before));
        bodies.add(Math.log(close / open));
        ranges.add(Math.log(high / close) * Math.log(high / open) + Math.log(low / close) * Math.log(low / open));
      }
      before = close;
      if (!gaps.full) return null;
      const variance = gaps.variance(1) + weight * bodies.variance(1) + (1 - weight) * ranges.mean;
      return [Math.sqrt(Math.max(0, variance))];
    },
  };
}
