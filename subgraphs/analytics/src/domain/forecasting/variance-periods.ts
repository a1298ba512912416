import type { IndicatorBar } from "../indicators/indicator.ts";

/** What the price varied by in one whole period: the variance of its logarithm. */
export interface VariancePeriod {
  openedAtMs: number;
  closedAtMs: number;
  variance: number;
}

/**
 * Realised variance (Andersen, Bollerslev, Diebold and Labys, Econometrica 71, 2003): the sum of squared logarithmic returns of
 * the finer bars in each period. A return across missing bars counts where it ends. A period that the bars begin or end in is
 * left out, and so is one in which nothing moved: its logarithm says nothing.
 */
export function realisedVariances(
  bars: readonly IndicatorBar[],
  { barMs, periodMs }: { barMs: number; periodMs: number },
): VariancePeriod[] {
  const sums = new Map<number, number>();
  let before: number | null = null;
  for (const { openedAtMs, open, close } of bars) {
    const period = Math.floor(openedAtMs / periodMs) * periodMs;
    sums.set(period, (sums.get(period) ?? 0) + Math.log(close / (before ?? open)) ** 2);
    before = close;
  }
  const first = bars[0]?.openedAtMs ?? 0;
  const end = (bars.at(-1)?.openedAtMs ?? 0) + barMs;
  return [...sums]
    .map(([openedAtMs, variance]) => ({ openedAtMs, closedAtMs: openedAtMs + periodMs, variance }))
    .filter(({ openedAtMs, closedAtMs }) => openedAtMs >= first && closedAtMs <= end)
    .filter(hasMoved);
}

/**
 * The variance of each bar by its four prices (Garman and Klass, Journal of Business 53, 1980), with the gap from the close
 * before. Bars in which nothing moved are left out.
 */
export function rangeVariances(bars: readonly IndicatorBar[], barMs: number): VariancePeriod[] {
  return bars
    .map(({ openedAtMs, open, high, low, close }, index) => {
      const gap = index === 0 ? 0 : Math.log(open / bars[index - 1]!.close);
      const range = 0.5 * Math.log(high / low) ** 2 - (2 * Math.LN2 - 1) * Math.log(close / open) ** 2;
      return { openedAtMs, closedAtMs: openedAtMs + barMs, variance: gap * gap + range };
    })
    .filter(hasMoved);
}

/** Not where a price is zero or below, either: that has no logarithm. */
const hasMoved = ({ variance }: VariancePeriod): boolean => Number.isFinite(variance) && variance > 0;
