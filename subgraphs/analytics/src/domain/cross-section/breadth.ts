import { indicatorSpec } from "../indicators/indicator-spec.ts";
import type { LiveIndicators } from "../indicators/live-indicators.ts";
import type { BarInterval, MarketMemory } from "../market-memory.ts";
import { standings } from "./snapshot.ts";

const AVERAGE_BARS = 50;
const EXTREME_BARS = 100;

export interface Breadth {
  asOfMs: number | null;
  /** Instruments that have the bars. */
  instruments: number;
  advancing: number;
  declining: number;
  unchanged: number;
  advancingVolumeShare: number | null;
  aboveAverageShare: number | null;
  newHighs: number;
  newLows: number;
}

/** How many instruments take part in a move over the last `bars` bars. Shares are null where they would divide by nothing. */
export function breadth(memory: MarketMemory, live: LiveIndicators, interval: BarInterval, bars: number): Breadth {
  const all = standings(memory, live, interval, bars);
  const average = indicatorSpec("SMA", interval, { period: AVERAGE_BARS });
  let [advancing, declining, advancingValue, value, averaged, above, newHighs, newLows] = new Array<number>(8).fill(
    0,
  ) as [number, number, number, number, number, number, number, number];
  for (const { symbol, changePercent, tradedValue, price } of all) {
    value += tradedValue;
    if (changePercent > 0) {
      advancing += 1;
      advancingValue += tradedValue;
    } else if (changePercent < 0) declining += 1;
    const mean = live.value(symbol, average)?.[0];
    if (mean !== undefined) averaged += 1;
    if (mean !== undefined && price > mean) above += 1;
    const before = memory.bars(symbol, interval).slice(-EXTREME_BARS, -1);
    if (before.length < EXTREME_BARS - 1) continue;
    if (before.every(({ close }) => close < price)) newHighs += 1;
    if (before.every(({ close }) => close > price)) newLows += 1;
  }
  return {
    asOfMs: all.length === 0 ? null : Math.max(...all.map(({ asOfMs }) => asOfMs)),
    instruments: all.length,
    advancing,
    declining,
    unchanged: all.length - advancing - declining,
    advancingVolumeShare: value > 0 ? advancingValue / value : null,
    aboveAverageShare: averaged > 0 ? above / averaged : null,
    newHighs,
    newLows,
  };
}
