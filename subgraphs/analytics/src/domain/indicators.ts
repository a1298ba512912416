import { ATR, BollingerBands, EMA, MACD, RSI, SMA } from "trading-signals";
import type { WindowBar } from "./bar-window.ts";

/**
 * Indicators as of the last bar of a window. All return null until enough bars are there. RSI and ATR smooth as Wilder did
 * (New Concepts in Technical Trading Systems, 1978), Bollinger bands use the population's standard deviation, an EMA begins
 * with the first close of the window and counts as warmed up after `period` bars.
 */

export function sma(bars: readonly WindowBar[], period: number): number | null {
  const indicator = new SMA(period);
  for (const bar of bars.slice(-period)) indicator.update(bar.close, false);
  return bars.length < period ? null : indicator.getResult();
}

export function ema(bars: readonly WindowBar[], period: number): number | null {
  const indicator = new EMA(period);
  for (const bar of bars) indicator.update(bar.close, false);
  return bars.length < period ? null : indicator.getResult();
}

/** 0 to 100; 50 where nothing moved at all. */
export function rsi(bars: readonly WindowBar[], period: number): number | null {
  if (bars.length <= period) return null;
  if (bars.every((bar) => bar.close === bars[0]!.close)) return 50;
  const indicator = new RSI(period);
  for (const bar of bars) indicator.update(bar.close, false);
  return indicator.getResult();
}

export function macd(
  bars: readonly WindowBar[],
  fast: number,
  slow: number,
  signal: number,
): { macd: number; signal: number; histogram: number } | null {
  const indicator = new MACD(new EMA(fast), new EMA(slow), new EMA(signal));
  for (const bar of bars) indicator.update(bar.close, false);
  return bars.length < slow + signal - 1 ? null : indicator.getResult();
}

export function bollinger(
  bars: readonly WindowBar[],
  period: number,
  deviations: number,
): { lower: number; middle: number; upper: number } | null {
  const indicator = new BollingerBands(period, deviations);
  for (const bar of bars.slice(-period)) indicator.update(bar.close, false);
  return bars.length < period ? null : indicator.getResult();
}

export function atr(bars: readonly WindowBar[], period: number): number | null {
  const indicator = new ATR(period);
  for (const bar of bars) indicator.update(bar, false);
  return bars.length < period ? null : indicator.getResult();
}

/** Sample standard deviation of the last `period` logarithmic close-to-close returns, per bar. */
export function realisedVolatility(bars: readonly WindowBar[], period: number): number | null {
  if (bars.length <= period || period < 2) return null;
  const returns = logReturns(bars.slice(-period - 1));
  const mean = returns.reduce((sum, value) => sum + value, 0) / period;
  return Math.sqrt(returns.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (period - 1));
}

export function returnPercent(bars: readonly WindowBar[], period: number): number | null {
  const before = bars.at(-1 - period);
  const last = bars.at(-1);
  return before === undefined || last === undefined || before.close === 0
    ? null
    : (last.close / before.close - 1) * 100;
}

export function logReturns(bars: readonly WindowBar[]): number[] {
  return bars.slice(1).map((bar, index) => Math.log(bar.close / bars[index]!.close));
}
