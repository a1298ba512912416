import { CodedError } from "@mib/service/coded-error";
import type { Context } from "../context.ts";
import { alignedReturns } from "../domain/cross-section/aligned-returns.ts";
import { breadth } from "../domain/cross-section/breadth.ts";
import { clusters } from "../domain/cross-section/clusters.ts";
import { correlationMatrix } from "../domain/cross-section/correlation.ts";
import { heatMapGroups } from "../domain/cross-section/heat-map.ts";
import { leadLag } from "../domain/cross-section/lead-lag.ts";
import { bySize, standings } from "../domain/cross-section/snapshot.ts";
import type { BarInterval } from "../domain/market-memory.ts";
import type { QueryResolvers } from "../generated/resolvers.ts";
import { within } from "./arguments.ts";
import { marketBrief } from "./MarketBrief.ts";
import { pageSize } from "./page-size.ts";
import { screener } from "./screener.ts";

const SYMBOLS_MAX = 100;
/** Bars over which "most traded" is meant. */
const RANKING_BARS = 20;
/** A change is from one bar to the next. */
const MOVER_BARS = 2;

const timeOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

export const Query: QueryResolvers = {
  marketBrief: (_, { date }, context) => marketBrief(date ?? null, context),
  topMovers: (_, { first, interval }, context) => {
    const rows = pageSize(first);
    return overAll(context, MOVER_BARS, ({ memory }) =>
      memory.movers(interval ?? "D1", rows).map(({ symbol }) => ({ symbol })),
    );
  },
  movers: (_, { interval, bars: count, first, direction }, context) => {
    const [bars, rows] = [within("bars", count, 1, 500), pageSize(first)];
    return overAll(context, bars, ({ memory, indicators }) =>
      standings(memory, indicators, interval ?? "D1", bars)
        .filter(
          ({ changePercent }) => direction == null || (direction === "UP" ? changePercent > 0 : changePercent < 0),
        )
        .sort(bySize(({ changePercent }) => Math.abs(changePercent)))
        .slice(0, rows),
    );
  },
  heatMap: (_, { interval, bars: count, first }, context) => {
    const [bars, rows] = [within("bars", count, 1, 500), pageSize(first, 1_000)];
    return overAll(context, bars, ({ memory, indicators }) =>
      standings(memory, indicators, interval ?? "H1", bars)
        .sort(bySize(({ tradedValue }) => tradedValue))
        .slice(0, rows),
    );
  },
  heatMapGroups: async (_, { by, interval, bars: count }, context) => {
    const bars = within("bars", count, 1, 500);
    const classes = by === "CLASS" ? await context.classes.known() : null;
    return overAll(context, bars, ({ memory, indicators }) =>
      heatMapGroups(
        standings(memory, indicators, interval ?? "H1", bars),
        by,
        (symbol) => classes?.get(symbol) ?? null,
      ),
    );
  },
  marketBreadth: (_, { interval, bars: count }, context) => {
    const bars = within("bars", count, 1, 500);
    return overAll(context, bars, ({ memory, indicators }) => {
      const found = breadth(memory, indicators, interval ?? "H1", bars);
      return { ...found, asOf: timeOf(found.asOfMs) };
    });
  },
  correlations: async (_, { symbols, interval: given, bars: count, first, clusterLeast }, context) => {
    const { memory, passes } = context;
    const interval = given ?? "M5";
    const bars = within("bars", count, 20, 500);
    const asked = symbols == null ? null : [...new Set(symbols)];
    within("symbols", asked?.length ?? 2, 2, SYMBOLS_MAX);
    const least = clusterLeast ?? 0.5;
    if (!(least > 0 && least <= 1))
      throw new CodedError("BAD_USER_INPUT", "`clusterLeast` must be above 0 and at most 1.");
    const chosen = asked ?? (await mostTraded(context, interval, within("first", first, 2, SYMBOLS_MAX)));
    // Each pair looks at the bars of both, and clusters at all pairs for each that they join.
    return passes.make(chosen.length ** 2 * bars, () => {
      const aligned = alignedReturns(memory, chosen, interval, bars);
      const matrix = correlationMatrix(aligned.returns);
      const instruments = aligned.symbols.map((symbol) => ({ symbol }));
      return {
        from: timeOf(aligned.fromMs),
        to: timeOf(aligned.toMs),
        instruments,
        matrix,
        clusters: clusters(matrix, least).map(({ members, cohesion }) => ({
          instruments: members.map((index) => instruments[index]!),
          cohesion,
        })),
      };
    });
  },
  leadLag: (_, { first, second, interval, bars, lagMax: furthest }, { memory, passes }) => {
    if (first === second) throw new CodedError("BAD_USER_INPUT", "`first` and `second` must be different instruments.");
    const [count, lagMax] = [within("bars", bars, 100, 500), within("lagMax", furthest, 1, 50)];
    return passes.make(2 * count * (2 * lagMax + 1), () => {
      const aligned = alignedReturns(memory, [first, second], interval ?? "M1", count);
      const [a, b] = aligned.returns;
      if (a === undefined || b === undefined || a.length < 100)
        throw new CodedError("BAD_USER_INPUT", "The two instruments have fewer than 100 returns in common.");
      const { lags, best, bound } = leadLag(a, b, lagMax);
      return { lags, bound, lag: best?.lag ?? null, correlation: best?.correlation ?? null };
    });
  },
  screener: (_, given, context) => screener(given, context),
  models: (_, { symbols, target, championsOnly, first, after }, { models }) =>
    models.page({
      symbols: symbols ?? null,
      target: target ?? null,
      championsOnly: championsOnly ?? false,
      first: pageSize(first),
      after: after ?? null,
    }),
  model: (_, { id }, { models }) => models.byId(id),
  modelJob: (_, { id }, { modelJobs }) => modelJobs.byId(id),
  signals: (_, { symbols, kinds, first, after }, { signals }) =>
    signals.page({ symbols: symbols ?? null, kinds: kinds ?? null, first: pageSize(first), after: after ?? null }),
};

/** A pass over the last bars of every instrument. */
function overAll<Value>(context: Context, bars: number, pass: (context: Context) => Value): Promise<Value> {
  return context.passes.make(context.memory.symbols.size * bars, () => pass(context));
}

function mostTraded(context: Context, interval: BarInterval, first: number): Promise<string[]> {
  return overAll(context, RANKING_BARS, ({ memory, indicators }) =>
    standings(memory, indicators, interval, RANKING_BARS)
      .sort(bySize(({ tradedValue }) => tradedValue))
      .slice(0, first)
      .map(({ symbol }) => symbol),
  );
}
