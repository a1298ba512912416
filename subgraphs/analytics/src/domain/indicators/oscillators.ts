import { WilderAverage } from "./averages.ts";
import type { Indicator } from "./indicator.ts";
import { RollingMaximum } from "./rolling-extreme.ts";
import { RollingMoments } from "./rolling-moments.ts";

/** Wilder's relative strength index, 0 to 100; 50 where nothing moved at all. */
export function rsi(period: number): Indicator {
  const gains = new WilderAverage(period);
  const losses = new WilderAverage(period);
  let before: number | null = null;
  return {
    add({ close }) {
      const change = before === null ? null : close - before;
      before = close;
      if (change === null) return null;
      const gain = gains.add(Math.max(change, 0));
      const loss = losses.add(Math.max(-change, 0));
      if (gain === null || loss === null) return null;
      return [gain + loss === 0 ? 50 : (100 * gain) / (gain + loss)];
    },
  };
}

/** %K, smoothed over `smooth` bars, and %D, its mean over `signal` bars; 50 where the range has no width. */
export function stochastic(period: number, smooth: number, signal: number): Indicator {
  const highs = new RollingMaximum(period);
  const negatedLows = new RollingMaximum(period);
  const ks = new RollingMoments(smooth);
  const ds = new RollingMoments(signal);
  return {
    add({ high, low, close }) {
      const highest = highs.add(high);
      const lowest = -negatedLows.add(-low);
      if (!highs.full) return null;
      ks.add(highest > lowest ? (100 * (close - lowest)) / (highest - lowest) : 50);
      if (!ks.full) return null;
      ds.add(ks.mean);
      return ds.full ? [ks.mean, ds.mean] : null;
    },
  };
}
