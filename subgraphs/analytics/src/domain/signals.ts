import type { Anomaly } from "./anomalies/anomaly.ts";
import { detectAnomalies } from "./anomalies/detect-anomalies.ts";
import type { BarWindow, WindowBar } from "./bar-window.ts";

type SignalKind = "CROSS" | "BREAKOUT" | "ANOMALY";
type Direction = "UP" | "DOWN";

/** What a bar gave rise to. */
export interface Signal {
  kind: SignalKind;
  direction: Direction | null;
  score: number;
  explanation: string;
  /** Of an anomaly. */
  evidence?: Anomaly;
}

const FAST_BARS = 20;
const SLOW_BARS = 50;
const CHANNEL_BARS = 20;

/** The signals of the newest bar of a window. Each kind says nothing until its own window is full. */
export function detectSignals(window: BarWindow): Signal[] {
  const bars = window.bars;
  return [movingAverageCross(bars), channelBreakout(bars), ...anomalySignals(bars)].filter((signal) => signal !== null);
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

/** Each anomaly keeps what it was held against. */
function anomalySignals(bars: readonly WindowBar[]): Signal[] {
  return detectAnomalies(bars).map((evidence) => {
    const { direction, score, explanation } = evidence;
    return { kind: "ANOMALY", direction, score, explanation, evidence };
  });
}

function meanClose(bars: readonly WindowBar[], period: number): number {
  return bars.slice(-period).reduce((sum, bar) => sum + bar.close, 0) / period;
}
