import type { IndicatorBar } from "../indicators/indicator.ts";

/** What a backtest says that it knew at a time. */
export interface TimedForecast {
  atMs: number;
  forecast: number;
  radius: number | null;
}

/** A forecast that was another one when the future was. */
export interface LookAhead {
  atMs: number;
  /** The first bar that was changed opened then. */
  changedFromMs: number;
}

const CUTS = [0.7, 0.8, 0.95];

/**
 * Runs a whole backtest, from bars to forecasts, over again with another future: bars behind a cut are replaced, and each
 * forecast from before the cut has to be the same to the last bit. Whatever way the future took into a feature, a fit or an
 * interval, it shows here, given that the backtest fits anew for each forecast. Null when nothing looked ahead.
 */
export function findLookAhead(
  backtest: (bars: readonly IndicatorBar[]) => readonly TimedForecast[],
  bars: readonly IndicatorBar[],
  original: readonly TimedForecast[] = backtest(bars),
): LookAhead | null {
  const before = new Map(original.map((each) => [each.atMs, each]));
  for (const share of CUTS) {
    const cut = Math.floor(bars.length * share);
    const changedFromMs = bars[cut]?.openedAtMs ?? Infinity;
    const changed = bars.map((bar, at) => (at < cut ? bar : anotherBar(bar, at)));
    const repeated = new Map(backtest(changed).map((each) => [each.atMs, each]));
    for (const { atMs } of [...original, ...repeated.values()]) {
      if (atMs > changedFromMs) continue;
      const first = before.get(atMs);
      const second = repeated.get(atMs);
      if (first?.forecast !== second?.forecast || first?.radius !== second?.radius) return { atMs, changedFromMs };
    }
  }
  return null;
}

/** Prices that go elsewhere and vary otherwise than those that they replace. */
function anotherBar(bar: IndicatorBar, at: number): IndicatorBar {
  const factor = Math.exp(0.2 * Math.sin(at * 12.9898) + 0.1 * Math.cos(at * 78.233));
  const close = bar.close * factor;
  const open = bar.open / factor;
  return {
    ...bar,
    open,
    close,
    high: Math.max(bar.high, open, close) * 1.01,
    low: Math.min(bar.low, open, close) / 1.01,
    volume: bar.volume * factor,
  };
}
