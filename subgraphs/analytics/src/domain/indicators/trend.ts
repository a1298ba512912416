import { ExponentialAverage, WilderAverage } from "./averages.ts";
import type { Indicator } from "./indicator.ts";
import { RollingMoments } from "./rolling-moments.ts";

export function sma(period: number): Indicator {
  const closes = new RollingMoments(period);
  return {
    add({ close }) {
      closes.add(close);
      return closes.full ? [closes.mean] : null;
    },
  };
}

export function ema(period: number): Indicator {
  const average = new ExponentialAverage(period);
  return {
    add({ close }) {
      const value = average.add(close);
      return value === null ? null : [value];
    },
  };
}

/** MACD, signal, histogram. The signal averages what MACD is from the first bar of a warm slow average on. */
export function macd(fastPeriod: number, slowPeriod: number, signalPeriod: number): Indicator {
  const fast = new ExponentialAverage(fastPeriod);
  const slow = new ExponentialAverage(slowPeriod);
  const signals = new ExponentialAverage(signalPeriod);
  return {
    add({ close }) {
      fast.add(close);
      if (slow.add(close) === null) return null;
      const line = fast.value - slow.value;
      const signal = signals.add(line);
      return signal === null ? null : [line, signal, line - signal];
    },
  };
}

/** Upper, middle, lower: the mean and so many of the population's standard deviations around it. */
export function bollinger(period: number, deviations: number): Indicator {
  const closes = new RollingMoments(period);
  return {
    add({ close }) {
      closes.add(close);
      if (!closes.full) return null;
      const width = deviations * Math.sqrt(closes.variance(0));
      return [closes.mean + width, closes.mean, closes.mean - width];
    },
  };
}

/** ADX, +DI, -DI after Wilder: both movements and the true range count from the second bar on. */
export function adx(period: number): Indicator {
  const ranges = new WilderAverage(period);
  const ups = new WilderAverage(period);
  const downs = new WilderAverage(period);
  const indexes = new WilderAverage(period);
  let before: { high: number; low: number; close: number } | null = null;
  return {
    add({ high, low, close }) {
      const previous = before;
      before = { high, low, close };
      if (previous === null) return null;
      const rise = high - previous.high;
      const fall = previous.low - low;
      const range = ranges.add(Math.max(high, previous.close) - Math.min(low, previous.close));
      const up = ups.add(rise > fall && rise > 0 ? rise : 0);
      const down = downs.add(fall > rise && fall > 0 ? fall : 0);
      if (range === null || up === null || down === null) return null;
      const plus = range > 0 ? (100 * up) / range : 0;
      const minus = range > 0 ? (100 * down) / range : 0;
      const index = indexes.add(plus + minus > 0 ? (100 * Math.abs(plus - minus)) / (plus + minus) : 0);
      return index === null ? null : [index, plus, minus];
    },
  };
}
