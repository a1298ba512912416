import type { Indicator, IndicatorBar } from "./indicator.ts";
import { joinBenchmark } from "./live-indicators.ts";
import { createIndicator, indicatorLead, type IndicatorSpec } from "./indicator-spec.ts";
import { obv } from "./volume.ts";

/** Where final bars come from, however old. All answers are oldest first. */
export interface BarHistory {
  /** The last `count` bars that opened before `beforeMs`. */
  before(symbol: string, interval: IndicatorSpec["interval"], beforeMs: number, count: number): Promise<IndicatorBar[]>;
  /** The first `count` bars that opened in [fromMs, toMs). */
  within(
    symbol: string,
    interval: IndicatorSpec["interval"],
    range: { fromMs: number; toMs: number },
    count: number,
  ): Promise<IndicatorBar[]>;
}

export interface SeriesPage {
  /** Without it, the last `first` bars before `toMs`. */
  fromMs: number | null;
  toMs: number;
  first: number;
  /** The page goes on behind this bar; `carry` is the balance that OBV had there. */
  after: { openedAtMs: number; carry: number } | null;
}

export interface SeriesPoint {
  openedAtMs: number;
  values: readonly (number | null)[];
}

/**
 * A page of an indicator over a range, and whether there is more. Bars before the range go in first, so many that values do
 * not depend on where a page begins; OBV counts from the first bar of the range.
 */
export async function indicatorSeries(
  history: BarHistory,
  symbol: string,
  spec: IndicatorSpec,
  { fromMs, toMs, first, after }: SeriesPage,
  lines: number,
): Promise<{ points: SeriesPoint[]; more: boolean }> {
  const startMs = after === null ? fromMs : after.openedAtMs + 1;
  const found =
    startMs === null
      ? await history.before(symbol, spec.interval, toMs, first)
      : await history.within(symbol, spec.interval, { fromMs: startMs, toMs }, first + 1);
  const asked = found.slice(0, first);
  const begin = asked[0];
  if (begin === undefined) return { points: [], more: false };
  const lead = leadBars(spec, after !== null);
  const before = lead > 0 ? await history.before(symbol, spec.interval, begin.openedAtMs, lead) : [];
  const bars = await joined(history, spec, [...before, ...asked]);
  const indicator = indicatorOf(spec, after);
  const values = bars.map((bar) => indicator.add(bar));
  return {
    points: asked.map(({ openedAtMs }, index) => ({
      openedAtMs,
      values: values[before.length + index] ?? new Array<null>(lines).fill(null),
    })),
    more: found.length > first,
  };
}

/** OBV goes on with the change from the bar before, whose own change is in the balance that was carried. */
function leadBars(spec: IndicatorSpec, continues: boolean): number {
  return spec.kind === "OBV" ? Number(continues) : indicatorLead(spec);
}

function indicatorOf(spec: IndicatorSpec, after: SeriesPage["after"]): Indicator {
  return spec.kind === "OBV" && after !== null ? obv(after.carry) : createIndicator(spec);
}

async function joined(history: BarHistory, spec: IndicatorSpec, bars: IndicatorBar[]): Promise<IndicatorBar[]> {
  if (spec.kind !== "BETA") return bars;
  const range = { fromMs: bars[0]!.openedAtMs, toMs: bars.at(-1)!.openedAtMs + 1 };
  return joinBenchmark(bars, await history.within(spec.benchmark, spec.interval, range, bars.length * 2));
}
