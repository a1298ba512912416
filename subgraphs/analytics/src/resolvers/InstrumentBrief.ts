import type { Context } from "../context.ts";
import { briefDay } from "../domain/briefs/brief-day.ts";
import { instrumentGaps } from "../domain/briefs/gaps.ts";
import { dailyRegime, instrumentDay } from "../domain/briefs/instrument-day.ts";
import { REGIME_BARS_MAX } from "../domain/cross-section/regime.ts";
import { WINDOW_BARS_MAX } from "../domain/market-memory.ts";
import type { InstrumentBriefResolvers } from "../generated/resolvers.ts";
import type { Instrument, InstrumentBrief as Parent } from "../models.ts";
import { within } from "./arguments.ts";
import { championTracks, hasChampion } from "./ForecastTrack.ts";
import { timeOf } from "./time.ts";

const ROWS_MAX = 50;

/** Null before the first bar of the instrument. */
export function instrumentBrief(
  instrument: Instrument,
  date: string | null,
  { memory, marketDays, passes }: Context,
): Promise<Parent | null> {
  const { symbol } = instrument;
  // Its days and its bars of five minutes; the day is told by the first and last bar of every instrument.
  const bars = 2 * WINDOW_BARS_MAX + 4 * memory.symbols.size;
  return passes.look(instrument, bars, () => {
    const day = briefDay(memory, date);
    if (day === null || !memory.symbols.has(symbol)) return null;
    return {
      instrument: instrumentDay(memory, symbol, day),
      rank: async () => {
        const { standings } = await marketDays.of(day);
        const at = standings.findIndex((standing) => standing.symbol === symbol);
        return at < 0 ? null : at + 1;
      },
    };
  });
}

const spanOf = ({ instrument: { symbol, day } }: Parent) => ({ symbol, fromMs: day.fromMs, toMs: day.toMs });

export const InstrumentBrief: InstrumentBriefResolvers = {
  symbol: ({ instrument }) => instrument.symbol,
  instrument: ({ instrument: { symbol } }) => ({ symbol }),
  date: ({ instrument: { day } }) => day.date,
  from: ({ instrument: { day } }) => timeOf(day.fromMs),
  to: ({ instrument: { day } }) => timeOf(day.toMs),
  final: ({ instrument: { day } }) => day.final,
  standing: ({ instrument: { standing } }) => standing,
  rank: ({ rank }) => rank(),
  regime: (brief, _, { passes }) =>
    passes.look(brief, REGIME_BARS_MAX, () => {
      const found = dailyRegime(brief.instrument);
      return found && { ...found, asOf: timeOf(found.asOfMs) };
    }),
  bars: async (brief, _, { briefs }) => {
    const found = await briefs.bars.load(spanOf(brief));
    return found && { interval: found.interval, nodes: found.bars.map(barOf) };
  },
  signals: (brief, { first }, { briefs }) =>
    briefs.signals.load({ ...spanOf(brief), first: within("first", first, 1, ROWS_MAX) }),
  signalCounts: (brief, _, { briefs }) => briefs.signalCounts.load(spanOf(brief)),
  forecasts: ({ instrument: { symbol, day } }, given, context) => championTracks(symbol, day, given, context),
  gaps: async (brief, _, context) => {
    const { instrument } = brief;
    const [counts, champion, bars] = await Promise.all([
      context.briefs.signalCounts.load(spanOf(brief)),
      hasChampion(instrument.symbol, context),
      context.briefs.bars.load(spanOf(brief)),
    ]);
    return instrumentGaps(instrument, { signals: counts.length > 0, champion, bars: bars !== null });
  },
};

const barOf = ({
  openedAtMs,
  ...bar
}: { openedAtMs: number } & Record<"open" | "high" | "low" | "close" | "volume", number>) => ({
  openedAt: timeOf(openedAtMs),
  ...bar,
});
