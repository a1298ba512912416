import type { WindowBar } from "../bar-window.ts";
import { indicatorSpec } from "../indicators/indicator-spec.ts";
import type { LiveIndicators } from "../indicators/live-indicators.ts";
import { logReturns } from "../log-returns.ts";
import { WINDOW_BARS_MAX, type BarInterval, type MarketMemory } from "../market-memory.ts";

const RECENT_BARS = 30;
export const REGIME_BARS_LEAST = 4 * RECENT_BARS;
const LONG_BARS = 300;
/** What it looks at: the whole window for the ADX, and the long stretch. */
export const REGIME_BARS_MAX = WINDOW_BARS_MAX + LONG_BARS;
const TURBULENT_RATIO = 2;
const TREND_ADX = 25;
const TREND_EFFICIENCY = 0.3;

export interface Regime {
  kind: "TREND" | "RANGE" | "TURBULENT";
  direction: "UP" | "DOWN" | null;
  asOfMs: number;
  /** Wilder's index of 14 bars. */
  adx: number;
  /** Kaufman's efficiency ratio of the last 30 bars: net change over the way that was gone, 0 to 1. */
  efficiency: number;
  /** Mean absolute return of the last 30 bars over the median of such means in the bars before, up to 300. */
  volatilityRatio: number;
  explanation: string;
}

/**
 * TURBULENT when moves are twice as large as usual; else TREND when ADX is at least 25 and the price went at least 30 % of its way in
 * one direction; else RANGE. Null while there are too few bars or prices did not move.
 */
export function regime(
  memory: MarketMemory,
  live: LiveIndicators,
  symbol: string,
  interval: BarInterval,
): Regime | null {
  const adx = live.value(symbol, indicatorSpec("ADX", interval, {}))?.[0];
  return adx === undefined ? null : regimeOf(memory.bars(symbol, interval), adx);
}

/** The same of bars and the ADX as of the last one. */
export function regimeOf(all: readonly WindowBar[], adx: number): Regime | null {
  const bars = all.slice(-LONG_BARS - 1);
  if (bars.length < REGIME_BARS_LEAST) return null;
  const sizes = logReturns(bars).map(Math.abs);
  const usual = medianOfMeans(sizes.slice(0, -RECENT_BARS));
  if (usual === 0) return null;
  const volatilityRatio = mean(sizes.slice(-RECENT_BARS)) / usual;
  const { efficiency, rising } = efficiencyOf(bars.slice(-RECENT_BARS - 1));
  const kind =
    volatilityRatio >= TURBULENT_RATIO
      ? "TURBULENT"
      : adx >= TREND_ADX && efficiency >= TREND_EFFICIENCY
        ? "TREND"
        : "RANGE";
  return {
    kind,
    direction: kind === "TREND" ? (rising ? "UP" : "DOWN") : null,
    asOfMs: bars.at(-1)!.openedAtMs,
    adx,
    efficiency,
    volatilityRatio,
    explanation: `Moves are ${volatilityRatio.toFixed(2)} times as large as usual (turbulent from ${TURBULENT_RATIO}), ADX is ${adx.toFixed(1)} (a trend from ${TREND_ADX}) and ${(efficiency * 100).toFixed(0)} % of the way went in one direction (from ${TREND_EFFICIENCY * 100} %).`,
  };
}

function efficiencyOf(bars: readonly WindowBar[]): { efficiency: number; rising: boolean } {
  const net = bars.at(-1)!.close - bars[0]!.close;
  let way = 0;
  for (let index = 1; index < bars.length; index++) way += Math.abs(bars[index]!.close - bars[index - 1]!.close);
  return { efficiency: way > 0 ? Math.abs(net) / way : 0, rising: net > 0 };
}

/** Over stretches of as many bars as the recent ones, so that like is compared with like. */
function medianOfMeans(sizes: readonly number[]): number {
  const means: number[] = [];
  for (let end = sizes.length; end >= RECENT_BARS; end -= RECENT_BARS)
    means.push(mean(sizes.slice(end - RECENT_BARS, end)));
  means.sort((a, b) => a - b);
  return (means[(means.length - 1) >> 1]! + means[means.length >> 1]!) / 2;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
