import type { WindowBar } from "../bar-window.ts";
import { logReturns } from "../log-returns.ts";
import type { Anomaly, AnomalyMetric } from "./anomaly.ts";
import { lastChangePoint } from "./cusum.ts";
import { ewmaBands } from "./ewma-bands.ts";
import { robustBaseline } from "./robust-baseline.ts";

const BASELINE_BARS = 120;
/** Chosen on simulated markets of other seeds than the ones that `npm run bench -- analytics` reports. */
const THRESHOLD = { price: 6, volume: 5, volatility: 4.5, changePoint: 20 };
const CUSUM_SLACK = 1.5;
/** When a market opens the last minutes say more about what is usual now than two hours do. */
const RECENT_BARS = 20;

/** What is unusual about the newest bar against those before it. Nothing is said before the baseline is full. */
export function detectAnomalies(all: readonly WindowBar[]): Anomaly[] {
  if (all.length < BASELINE_BARS + 2) return [];
  const bars = all.slice(-BASELINE_BARS - 2);
  const found = [priceOutlier(bars), volumeOutlier(bars), volatilityOutlier(bars)];
  const long = all.slice(-2 * BASELINE_BARS);
  if (long.length === 2 * BASELINE_BARS)
    found.push(changePoint(long, "VOLUME", logVolume), changePoint(long, "VOLATILITY", logRange));
  return found.filter((anomaly) => anomaly !== null);
}

/** A return far from the median of those before, in the larger of their scale and that of the last 20. */
function priceOutlier(bars: readonly WindowBar[]): Anomaly | null {
  const returns = logReturns(bars);
  const value = returns.at(-1)!;
  const before = returns.slice(0, -1);
  const usual = robustBaseline(before);
  if (usual === null) return null;
  const scale = Math.max(usual.scale, robustBaseline(before.slice(-RECENT_BARS))?.scale ?? 0);
  const score = Math.abs(value - usual.centre) / scale;
  if (score < THRESHOLD.price) return null;
  return {
    metric: "PRICE",
    method: "MEDIAN_MAD",
    direction: value > usual.centre ? "UP" : "DOWN",
    score,
    threshold: THRESHOLD.price,
    value,
    baseline: usual.centre,
    scale,
    ...baselineOf(bars),
    explanation: `The return is ${score.toFixed(1)} robust deviations from the median of ${BASELINE_BARS} bars.`,
  };
}

/** A volume far above the median, on a logarithmic scale, because volumes are skewed. */
function volumeOutlier(bars: readonly WindowBar[]): Anomaly | null {
  const volumes = bars.slice(1).map(logVolume);
  const value = volumes.at(-1)!;
  const usual = robustBaseline(volumes.slice(0, -1));
  if (usual === null) return null;
  const score = (value - usual.centre) / usual.scale;
  if (score < THRESHOLD.volume) return null;
  return {
    metric: "VOLUME",
    method: "MEDIAN_MAD",
    direction: null,
    score,
    threshold: THRESHOLD.volume,
    value,
    baseline: usual.centre,
    scale: usual.scale,
    ...baselineOf(bars),
    explanation: `The volume is ${score.toFixed(1)} robust deviations above the median of ${BASELINE_BARS} bars, on a logarithmic scale.`,
  };
}

/** A range from low to high beyond the exponentially weighted band of those before. */
function volatilityOutlier(bars: readonly WindowBar[]): Anomaly | null {
  const ranges = bars.slice(1).map(logRange);
  const value = ranges.at(-1)!;
  const usual = ewmaBands(ranges.slice(0, -1));
  if (usual === null) return null;
  const score = (value - usual.centre) / usual.scale;
  if (score < THRESHOLD.volatility) return null;
  return {
    metric: "VOLATILITY",
    method: "EWMA_BANDS",
    direction: "UP",
    score,
    threshold: THRESHOLD.volatility,
    value,
    baseline: usual.centre,
    scale: usual.scale,
    ...baselineOf(bars),
    explanation: `The range of the bar is ${score.toFixed(1)} deviations above its moving average, on a logarithmic scale.`,
  };
}

/** The level itself changed: told with the bar that makes it certain. */
function changePoint(
  bars: readonly WindowBar[],
  metric: AnomalyMetric,
  numberOf: (bar: WindowBar) => number,
): Anomaly | null {
  const numbers = bars.map(numberOf);
  const usual = robustBaseline(numbers.slice(0, BASELINE_BARS));
  if (usual === null) return null;
  const recent = numbers.slice(BASELINE_BARS).map((number) => (number - usual.centre) / usual.scale);
  const change = lastChangePoint(recent, { slack: CUSUM_SLACK, threshold: THRESHOLD.changePoint });
  if (change === null) return null;
  const since = bars[BASELINE_BARS + change.from]!;
  const count = recent.length - change.from;
  const level = numbers.slice(BASELINE_BARS + change.from).reduce((sum, each) => sum + each, 0) / count;
  return {
    metric,
    method: "CUSUM",
    direction: change.rising ? "UP" : "DOWN",
    score: change.sum,
    threshold: THRESHOLD.changePoint,
    value: level,
    baseline: usual.centre,
    scale: usual.scale,
    fromMs: since.openedAtMs,
    toMs: bars.at(-1)!.openedAtMs,
    explanation: `The level of the ${metric.toLowerCase()} is ${change.rising ? "higher" : "lower"} for ${count} bars than in the ${BASELINE_BARS} bars before.`,
  };
}

const baselineOf = (bars: readonly WindowBar[]) => ({ fromMs: bars[0]!.openedAtMs, toMs: bars.at(-2)!.openedAtMs });
const logVolume = ({ volume }: WindowBar): number => Math.log1p(volume);
/** The logarithm of the range is nearly normal (Alizadeh, Brandt and Diebold, 2002); a bar without a range has the least one seen as a price. */
const logRange = ({ high, low }: WindowBar): number => Math.log(Math.max(Math.log(high / low), 1e-7));
