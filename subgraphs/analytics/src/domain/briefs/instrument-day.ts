import type { WindowBar } from "../bar-window.ts";
import { AVERAGE_BARS, EXTREME_BARS, type BreadthMember } from "../cross-section/breadth.ts";
import { regimeOf, type Regime } from "../cross-section/regime.ts";
import type { Standing } from "../cross-section/snapshot.ts";
import { createIndicator, indicatorSpec } from "../indicators/indicator-spec.ts";
import { ofBars } from "../indicators/live-indicators.ts";
import { INTERVAL_MS } from "../interval-length.ts";
import type { MarketMemory } from "../market-memory.ts";
import type { BriefDay } from "./brief-day.ts";

/** What the windows have of a day of an instrument. */
export interface InstrumentDay {
  symbol: string;
  day: BriefDay;
  /** Final daily bars up to the end, oldest first. */
  days: readonly WindowBar[];
  /** Null where it has no bar of the day, no close before it, or bars of five minutes that begin within the day. */
  standing: Standing | null;
}

const ADX = indicatorSpec("ADX", "D1", {});

export function instrumentDay(memory: MarketMemory, symbol: string, day: BriefDay): InstrumentDay {
  const days = memory.bars(symbol, "D1");
  const kept = days.slice(0, days.findLastIndex(({ openedAtMs }) => openedAtMs < day.toMs) + 1);
  return { symbol, day, days: kept, standing: standingOf(memory, symbol, day, kept) };
}

/** What the instrument adds to the breadth of its day; null where it has no standing. */
export function breadthMember({ standing, days, day }: InstrumentDay): BreadthMember | null {
  if (standing === null) return null;
  // The day's own bar is the last one where it has come.
  const end = days.findLastIndex(({ openedAtMs }) => openedAtMs < day.fromMs) + 1;
  const before = days.slice(Math.max(0, end + 1 - EXTREME_BARS), end).map(({ close }) => close);
  const closes = [...before.slice(1 - AVERAGE_BARS), standing.price];
  return {
    standing,
    average: closes.length < AVERAGE_BARS ? null : closes.reduce((sum, close) => sum + close, 0) / AVERAGE_BARS,
    closesBefore: before,
  };
}

/** Of the whole days up to the end. Null while there are too few, or nothing moved. */
export function dailyRegime({ days }: InstrumentDay): Regime | null {
  const adx = ofBars(createIndicator(ADX), days)?.[0];
  return adx === undefined ? null : regimeOf(days, adx);
}

function standingOf(memory: MarketMemory, symbol: string, day: BriefDay, days: readonly WindowBar[]): Standing | null {
  const fiveMinutes = memory.bars(symbol, "M5");
  const own = days.at(-1)?.openedAtMs === day.fromMs ? days.slice(-1) : barsOfDay(fiveMinutes, day);
  const before = closeBefore(day.fromMs, days, fiveMinutes);
  const last = own.at(-1);
  if (last === undefined || before === null || before <= 0) return null;
  return {
    symbol,
    asOfMs: last.openedAtMs,
    price: last.close,
    changePercent: (last.close / before - 1) * 100,
    volume: own.reduce((sum, { volume }) => sum + volume, 0),
    tradedValue: own.reduce((sum, { close, volume }) => sum + close * volume, 0),
  };
}

/** Empty where the window begins within the day: what it let go of would be missing. */
function barsOfDay(bars: readonly WindowBar[], { fromMs, toMs }: BriefDay): readonly WindowBar[] {
  const [first] = bars;
  if (first === undefined || first.openedAtMs > fromMs) return [];
  return bars.filter(({ openedAtMs }) => openedAtMs >= fromMs && openedAtMs < toMs);
}

/** The last close at or before a time: just after midnight that of five minutes may be there before the day's. */
function closeBefore(atMs: number, days: readonly WindowBar[], fiveMinutes: readonly WindowBar[]): number | null {
  const isBefore = ({ openedAtMs }: WindowBar): boolean => openedAtMs < atMs;
  const day = days.findLast(isBefore);
  const minutes = fiveMinutes.findLast(isBefore);
  if (day === undefined || minutes === undefined) return (day ?? minutes)?.close ?? null;
  return day.openedAtMs + INTERVAL_MS.D1 >= minutes.openedAtMs + INTERVAL_MS.M5 ? day.close : minutes.close;
}
