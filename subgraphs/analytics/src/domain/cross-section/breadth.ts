import { indicatorSpec } from "../indicators/indicator-spec.ts";
import type { LiveIndicators } from "../indicators/live-indicators.ts";
import type { BarInterval, MarketMemory } from "../market-memory.ts";
import { standings, type Standing } from "./snapshot.ts";

export const AVERAGE_BARS = 50;
export const EXTREME_BARS = 100;

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

/** An instrument as breadth sees it. */
export interface BreadthMember {
  standing: Pick<Standing, "asOfMs" | "price" | "changePercent" | "tradedValue">;
  /** Of its last 50 closes; null while there are fewer. */
  average: number | null;
  /** Up to 99 closes before the last one. */
  closesBefore: readonly number[];
}

/** How many instruments take part in a move over the last `bars` bars. */
export function breadth(memory: MarketMemory, live: LiveIndicators, interval: BarInterval, bars: number): Breadth {
  const average = indicatorSpec("SMA", interval, { period: AVERAGE_BARS });
  return breadthOf(
    standings(memory, live, interval, bars).map((standing) => ({
      standing,
      average: live.value(standing.symbol, average)?.[0] ?? null,
      closesBefore: memory
        .bars(standing.symbol, interval)
        .slice(-EXTREME_BARS, -1)
        .map(({ close }) => close),
    })),
  );
}

/** The same of members that are known. Shares are null where they would divide by nothing. */
export function breadthOf(members: readonly BreadthMember[]): Breadth {
  let [advancing, declining, advancingValue, value, averaged, above, newHighs, newLows] = new Array<number>(8).fill(
    0,
  ) as [number, number, number, number, number, number, number, number];
  for (const { standing, average, closesBefore } of members) {
    const { changePercent, tradedValue, price } = standing;
    value += tradedValue;
    if (changePercent > 0) {
      advancing += 1;
      advancingValue += tradedValue;
    } else if (changePercent < 0) declining += 1;
    if (average !== null) averaged += 1;
    if (average !== null && price > average) above += 1;
    if (closesBefore.length < EXTREME_BARS - 1) continue;
    if (closesBefore.every((close) => close < price)) newHighs += 1;
    if (closesBefore.every((close) => close > price)) newLows += 1;
  }
  return {
    asOfMs: members.length === 0 ? null : Math.max(...members.map(({ standing }) => standing.asOfMs)),
    instruments: members.length,
    advancing,
    declining,
    unchanged: members.length - advancing - declining,
    advancingVolumeShare: value > 0 ? advancingValue / value : null,
    aboveAverageShare: averaged > 0 ? above / averaged : null,
    newHighs,
    newLows,
  };
}
