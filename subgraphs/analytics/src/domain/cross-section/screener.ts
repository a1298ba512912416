import type { BarWindow } from "../bar-window.ts";
import { indicatorLines, type IndicatorSpec } from "../indicators/indicator-spec.ts";
import type { LiveIndicators } from "../indicators/live-indicators.ts";
import type { BarInterval, MarketMemory } from "../market-memory.ts";
import { standings, type Standing } from "./snapshot.ts";

/** Both ends belong to it; null is open. */
export interface Range {
  least: number | null;
  most: number | null;
}

export interface IndicatorCondition extends Range {
  spec: IndicatorSpec;
  /** Which of the indicator's lines. */
  line: number;
}

export interface Screen {
  interval: BarInterval;
  bars: number;
  price: Range;
  changePercent: Range;
  volume: Range;
  tradedValue: Range;
  indicators: readonly IndicatorCondition[];
  /** A figure of the standing, or the place of one of `indicators`. */
  sortBy: "price" | "changePercent" | "volume" | "tradedValue" | number;
  descending: boolean;
}

export interface Screened extends Standing {
  /** What the instrument has for each of the screen's indicators. */
  values: number[];
  sortKey: number;
}

/** Every instrument that fits, in order, equal ones by symbol. One that lacks an indicator that is asked for does not fit. */
export function screen(memory: MarketMemory, live: LiveIndicators, asked: Screen): Screened[] {
  const found: Screened[] = [];
  const windows = memory.windows(asked.interval);
  const readers = asked.indicators.map(({ spec }) => live.reader(spec));
  for (const standing of standings(memory, live, asked.interval, asked.bars)) {
    if (
      !fits(standing.price, asked.price) ||
      !fits(standing.changePercent, asked.changePercent) ||
      !fits(standing.volume, asked.volume) ||
      !fits(standing.tradedValue, asked.tradedValue)
    )
      continue;
    const values = valuesOf(standing.symbol, windows.get(standing.symbol)!, asked.indicators, readers);
    if (values === null) continue;
    const sortKey = typeof asked.sortBy === "number" ? values[asked.sortBy]! : standing[asked.sortBy];
    found.push({ ...standing, values, sortKey });
  }
  return found.sort(inOrder(asked.descending));
}

/** Whether a row comes behind a cursor of the same screen: right also when rows came or went since. */
export function isBehind(row: Screened, cursor: { sortKey: number; symbol: string }, descending: boolean): boolean {
  return inOrder(descending)(row, cursor) > 0;
}

/** The place of a line in an indicator, its first one when none is named; null for an unknown one. */
export function lineOf(spec: IndicatorSpec, name: string | null): number | null {
  const line = name === null ? 0 : indicatorLines(spec.kind).indexOf(name);
  return line < 0 ? null : line;
}

function valuesOf(
  symbol: string,
  window: BarWindow,
  conditions: readonly IndicatorCondition[],
  readers: readonly ReturnType<LiveIndicators["reader"]>[],
): number[] | null {
  const values: number[] = [];
  for (const [index, condition] of conditions.entries()) {
    const value = readers[index]!(symbol, window)?.[condition.line];
    if (value === undefined || !fits(value, condition)) return null;
    values.push(value);
  }
  return values;
}

const fits = (value: number, { least, most }: Range): boolean =>
  (least === null || value >= least) && (most === null || value <= most);

function inOrder(descending: boolean) {
  return (a: { sortKey: number; symbol: string }, b: { sortKey: number; symbol: string }): number =>
    (descending ? b.sortKey - a.sortKey : a.sortKey - b.sortKey) ||
    (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : 0);
}
