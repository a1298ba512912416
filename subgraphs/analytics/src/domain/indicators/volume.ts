import type { Indicator } from "./indicator.ts";
import { RollingMoments } from "./rolling-moments.ts";

const DAY_MS = 86_400_000;

/** On-balance volume since the first bar that went in, which counts 0, or since `carried` when this goes on from a page before. */
export function obv(carried: number | null = null): Indicator {
  let before: number | null = null;
  let balance = carried ?? 0;
  return {
    add({ close, volume }) {
      if (before !== null) balance += Math.sign(close - before) * volume;
      before = close;
      return [balance];
    },
  };
}

/** Volume, and close times volume, summed over the last `period` bars. */
export function turnover(period: number): Indicator {
  const volumes = new RollingMoments(period);
  const values = new RollingMoments(period);
  return {
    add({ close, volume }) {
      volumes.add(volume);
      values.add(close * volume);
      return volumes.full ? [volumes.mean * period, values.mean * period] : null;
    },
  };
}

/**
 * Upper band, VWAP, lower band since 00:00 UTC: the mean of the typical prices (high, low, close) weighted by volume, and so
 * many of their weighted standard deviations around it. Null until something was traded on the day.
 */
export function vwap(deviations: number): Indicator {
  let day = Number.NaN;
  let weight = 0;
  let mean = 0;
  let spread = 0;
  return {
    add({ openedAtMs, high, low, close, volume }) {
      const today = Math.floor(openedAtMs / DAY_MS);
      if (today !== day) {
        day = today;
        weight = mean = spread = 0;
      }
      if (volume > 0) {
        // West's weighted update (Communications of the ACM 22, 1979): no cancellation.
        const typical = (high + low + close) / 3;
        weight += volume;
        const distance = typical - mean;
        // The quotient first: of a day's first bar it is 1, and the mean exactly its price.
        mean += distance * (volume / weight);
        // A mean that was rounded beyond the price would take away from it.
        spread += Math.max(0, volume * distance * (typical - mean));
      }
      if (weight === 0) return null;
      const width = deviations * Math.sqrt(spread / weight);
      return [mean + width, mean, mean - width];
    },
  };
}
