import { indicatorSpec } from "../indicators/indicator-spec.ts";
import type { LiveIndicators } from "../indicators/live-indicators.ts";
import type { BarInterval, MarketMemory } from "../market-memory.ts";

/** An instrument over the last `bars` bars of an interval. */
export interface Standing {
  symbol: string;
  asOfMs: number;
  price: number;
  /** From the close before the first of the bars to the last one's. */
  changePercent: number;
  volume: number;
  /** Sum of each bar's close times its volume. */
  tradedValue: number;
}

/** Where every instrument stands that has so many bars and one before them; O(1) an instrument once it was asked for. */
export function standings(memory: MarketMemory, live: LiveIndicators, interval: BarInterval, bars: number): Standing[] {
  const turnoverOf = live.reader(indicatorSpec("TURNOVER", interval, { period: bars }));
  const found: Standing[] = [];
  for (const [symbol, window] of memory.windows(interval)) {
    const all = window.bars;
    const before = all[all.length - 1 - bars];
    const last = window.last;
    if (before === undefined || last === undefined || before.close <= 0) continue;
    const [volume, tradedValue] = turnoverOf(symbol, window)! as [number, number];
    const changePercent = (last.close / before.close - 1) * 100;
    found.push({ symbol, asOfMs: last.openedAtMs, price: last.close, changePercent, volume, tradedValue });
  }
  return found;
}

/** The largest first; equal ones by symbol, so that an order is the same each time. */
export function bySize(size: (standing: Standing) => number): (a: Standing, b: Standing) => number {
  return (a, b) => size(b) - size(a) || (a.symbol < b.symbol ? -1 : 1);
}
