import type { Context } from "../context.ts";
import { briefDay } from "../domain/briefs/brief-day.ts";
import { marketGaps } from "../domain/briefs/gaps.ts";
import type { MarketDay } from "../domain/briefs/market-day.ts";
import type { MarketBriefResolvers } from "../generated/resolvers.ts";
import { within } from "./arguments.ts";
import { championTracks, hasChampion } from "./ForecastTrack.ts";
import { timeOf } from "./time.ts";

const ROWS_MAX = 50;

/** Null before the first bar. */
export async function marketBrief(date: string | null, { memory, marketDays }: Context): Promise<MarketDay | null> {
  const day = briefDay(memory, date);
  return day && marketDays.of(day);
}

export const MarketBrief: MarketBriefResolvers = {
  date: ({ day }) => day.date,
  from: ({ day }) => timeOf(day.fromMs),
  to: ({ day }) => timeOf(day.toMs),
  final: ({ day }) => day.final,
  movers: (market, { first, direction }) =>
    market.standings
      .map((instrument, at) => ({ instrument, rank: () => at + 1 }))
      .filter(({ instrument: { standing } }) => {
        if (direction == null) return true;
        return direction === "UP" ? standing.changePercent > 0 : standing.changePercent < 0;
      })
      .slice(0, within("first", first, 1, ROWS_MAX)),
  breadth: ({ breadth }) => ({ ...breadth, asOf: breadth.asOfMs === null ? null : timeOf(breadth.asOfMs) }),
  regimes: (market, _, { passes }) => market.regimesBy(passes),
  anomalies: ({ day }, { first }, { daySignals }) => daySignals.anomalies(day, within("first", first, 1, ROWS_MAX)),
  signalCounts: ({ day }, _, { briefs }) => briefs.signalCounts.load({ ...day, symbol: null }),
  forecasts: ({ day }, given, context) => championTracks(null, day, given, context),
  gaps: async (market, _, context) => {
    const [counts, champion] = await Promise.all([
      context.briefs.signalCounts.load({ ...market.day, symbol: null }),
      hasChampion(null, context),
      market.regimesBy(context.passes),
    ]);
    return marketGaps(market, { signals: counts.length > 0, champion });
  },
};
