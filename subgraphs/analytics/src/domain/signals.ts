import type { BarWindow, WindowBar } from "./bar-window.ts";
import { logReturns } from "./log-returns.ts";

type SignalKind = "CROSS" | "BREAKOUT" | "ANOMALY";
type Direction = "UP" | "DOWN";

/** What a bar gave rise to. */
export interface Signal {
  kind: SignalKind;
  direction: Direction | null;
  score: number;
  explanation: string;
}

const FAST_BARS = 20;
const SLOW_BARS = 50;
const CHANNEL_BARS = 20;
const BASELINE_BARS = 120;
const RETURN_Z_LEAST = 5;
const VOLUME_Z_LEAST = 6;

/** The signals of the newest bar of a window. Each kind says nothing until its own window is full. */
export function detectSignals(window: BarWindow): Signal[] {
  const bars = window.bars;
  return [movingAverageCross(bars), channelBreakout(bars), returnAnomaly(bars), volumeAnomaly(bars)].filter(
    (signal) => signal !== null,
  );
}

/** The fast average crossed the slow one with this bar. Score: their distance after it, in percent of the slow one. */
function movingAverageCross(bars: readonly WindowBar[]): Signal | null {
  if (bars.length < SLOW_BARS + 1) return null;
  const before = bars.slice(-SLOW_BARS - 1, -1);
  const fastBefore = meanClose(before, FAST_BARS);
  const slowBefore = meanClose(before, SLOW_BARS);
  const fast = meanClose(bars, FAST_BARS);
  const slow = meanClose(bars, SLOW_BARS);
  const crossedUp = fastBefore <= slowBefore && fast > slow;
  const crossedDown = fastBefore >= slowBefore && fast < slow;
  if (!crossedUp && !crossedDown) return null;
  return {
    kind: "CROSS",
    direction: crossedUp ? "UP" : "DOWN",
    score: (Math.abs(fast - slow) / slow) * 100,
    explanation: `The average of ${FAST_BARS} bars crossed ${crossedUp ? "above" : "below"} that of ${SLOW_BARS}.`,
  };
}

/** The close left the range of the bars before it, whose last close was inside. Score: how far, in units of the range. */
function channelBreakout(bars: readonly WindowBar[]): Signal | null {
  if (bars.length < CHANNEL_BARS + 2) return null;
  const last = bars.at(-1)!;
  const previous = bars.at(-2)!;
  const channel = bars.slice(-CHANNEL_BARS - 2, -2);
  const high = Math.max(...channel.map((bar) => bar.high));
  const low = Math.min(...channel.map((bar) => bar.low));
  if (high === low || previous.close > high || previous.close < low) return null;
  if (last.close <= high && last.close >= low) return null;
  const up = last.close > high;
  return {
    kind: "BREAKOUT",
    direction: up ? "UP" : "DOWN",
    score: (up ? last.close - high : low - last.close) / (high - low),
    explanation: `The close left the range of ${CHANNEL_BARS} bars on the ${up ? "upper" : "lower"} side.`,
  };
}

/** A return far outside those before it. Score: its distance from their mean in standard deviations. */
function returnAnomaly(bars: readonly WindowBar[]): Signal | null {
  if (bars.length < BASELINE_BARS + 2) return null;
  const returns = logReturns(bars.slice(-BASELINE_BARS - 2));
  const z = zScore(returns.at(-1)!, returns.slice(0, -1));
  if (Math.abs(z) < RETURN_Z_LEAST) return null;
  return {
    kind: "ANOMALY",
    direction: z > 0 ? "UP" : "DOWN",
    score: Math.abs(z),
    explanation: `The return is ${Math.abs(z).toFixed(1)} standard deviations from the mean of ${BASELINE_BARS} bars.`,
  };
}

/** A volume far above those before it, on a logarithmic scale, because volumes are skewed. */
function volumeAnomaly(bars: readonly WindowBar[]): Signal | null {
  if (bars.length < BASELINE_BARS + 1) return null;
  const volumes = bars.slice(-BASELINE_BARS - 1).map((bar) => Math.log1p(bar.volume));
  const z = zScore(volumes.at(-1)!, volumes.slice(0, -1));
  if (z < VOLUME_Z_LEAST) return null;
  return {
    kind: "ANOMALY",
    direction: null,
    score: z,
    explanation: `The volume is ${z.toFixed(1)} standard deviations above the mean of ${BASELINE_BARS} bars, on a logarithmic scale.`,
  };
}

function meanClose(bars: readonly WindowBar[], period: number): number {
  return bars.slice(-period).reduce((sum, bar) => sum + bar.close, 0) / period;
}

/** 0 where the baseline does not vary: then no distance can be stated. */
function zScore(value: number, baseline: readonly number[]): number {
  const mean = baseline.reduce((sum, each) => sum + each, 0) / baseline.length;
  const deviation = Math.sqrt(baseline.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (baseline.length - 1));
  return deviation > 0 ? (value - mean) / deviation : 0;
}
