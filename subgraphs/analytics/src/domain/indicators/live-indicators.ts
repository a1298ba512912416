import type { BarWindow } from "../bar-window.ts";
import type { MarketMemory } from "../market-memory.ts";
import type { Indicator, IndicatorBar } from "./indicator.ts";
import { createIndicator, type IndicatorSpec } from "./indicator-spec.ts";

interface Live {
  indicator: Indicator;
  generation: number;
  lastMs: number;
  value: readonly number[] | null;
}

/**
 * Indicators as of the last bar of their window. What was asked for before goes on from there: O(1) for each bar since. A
 * revised or late bar makes it begin anew with the window. About `liveMax` are kept, of the specs that were used last.
 */
export class LiveIndicators {
  readonly #memory: MarketMemory;
  readonly #liveMax: number;
  /** By spec, the one that was not used for longest first; in each by symbol. */
  readonly #live = new Map<string, Map<string, Live>>();

  constructor(memory: MarketMemory, { liveMax = 100_000 } = {}) {
    this.#memory = memory;
    this.#liveMax = liveMax;
  }

  value(symbol: string, spec: IndicatorSpec): readonly number[] | null {
    const window = this.#memory.window(symbol, spec.interval);
    return window === undefined ? null : this.reader(spec)(symbol, window);
  }

  /** The same for many instruments: gives the value of a symbol, whose window for the spec's interval is given. */
  reader(spec: IndicatorSpec): (symbol: string, window: BarWindow) => readonly number[] | null {
    // The benchmark's window changes on its own: a beta is always made anew.
    if (spec.kind === "BETA")
      return (_, window) => ofBars(createIndicator(spec), withBenchmark(window, this.#memory, spec));
    const bySymbol = this.#bySymbol(spec);
    return (symbol, window) => {
      let live = bySymbol.get(symbol);
      // Not asked for so long that the window let go of bars in between: those are missed, so it begins anew as well.
      const missed = live !== undefined && live.lastMs < (window.bars[0]?.openedAtMs ?? -Infinity);
      if (live === undefined || live.generation !== window.generation || missed) {
        live = { indicator: createIndicator(spec), generation: window.generation, lastMs: -Infinity, value: null };
        bySymbol.set(symbol, live);
      }
      if (window.last === undefined || window.last.openedAtMs === live.lastMs) return live.value;
      for (const bar of window.after(live.lastMs)) live.value = live.indicator.add(bar);
      live.lastMs = window.last.openedAtMs;
      return live.value;
    };
  }

  #bySymbol(spec: IndicatorSpec): Map<string, Live> {
    const key = keyOf(spec);
    const bySymbol = this.#live.get(key) ?? new Map<string, Live>();
    // Deleted and set: the order of a Map is that of its insertions.
    this.#live.delete(key);
    let kept = 0;
    for (const { size } of this.#live.values()) kept += size;
    while (kept > this.#liveMax) {
      const [oldest, { size }] = this.#live.entries().next().value!;
      this.#live.delete(oldest);
      kept -= size;
    }
    this.#live.set(key, bySymbol);
    return bySymbol;
  }
}

/** The same from the bars alone: what `LiveIndicators` must equal. */
export function ofBars(indicator: Indicator, bars: readonly IndicatorBar[]): readonly number[] | null {
  let value: readonly number[] | null = null;
  for (const bar of bars) value = indicator.add(bar);
  return value;
}

function withBenchmark(
  window: BarWindow,
  memory: MarketMemory,
  { benchmark, interval }: IndicatorSpec,
): IndicatorBar[] {
  return joinBenchmark(window.bars, memory.bars(benchmark, interval));
}

/** Gives each bar the benchmark's close at its time, where there is one. */
export function joinBenchmark(bars: readonly IndicatorBar[], benchmark: readonly IndicatorBar[]): IndicatorBar[] {
  const closes = new Map(benchmark.map(({ openedAtMs, close }) => [openedAtMs, close]));
  return bars.map((bar) => {
    const benchmarkClose = closes.get(bar.openedAtMs);
    return benchmarkClose === undefined ? bar : { ...bar, benchmarkClose };
  });
}

function keyOf(spec: IndicatorSpec): string {
  const { kind, interval, period, fast, slow, signal, smooth, deviations } = spec;
  return `${kind}/${interval}/${period}/${fast}/${slow}/${signal}/${smooth}/${deviations}`;
}
