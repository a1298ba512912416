import type { Context } from "../context.ts";
import { indicatorSpec, type IndicatorArguments, type IndicatorKind } from "../domain/indicators/indicator-spec.ts";
import { WINDOW_BARS_MAX } from "../domain/market-memory.ts";
import type { IndicatorsResolvers } from "../generated/resolvers.ts";
import type { Indicators as Parent } from "../models.ts";
import { within } from "./arguments.ts";
import { timeOf } from "./time.ts";

const PERIOD_MAX = 500;

/** The lines of an indicator as of the window's last bar; a bad argument is BAD_USER_INPUT. */
async function value(kind: IndicatorKind, parent: Parent, given: IndicatorArguments, context: Context) {
  const spec = indicatorSpec(kind, parent.interval, given);
  // A beta looks at its benchmark, too.
  const bars = WINDOW_BARS_MAX * (kind === "BETA" ? 2 : 1);
  return context.passes.look(parent, bars, () => context.indicators.value(parent.symbol, spec));
}

const line = (kind: IndicatorKind) => async (parent: Parent, given: IndicatorArguments, context: Context) =>
  (await value(kind, parent, given, context))?.[0] ?? null;

export const Indicators: IndicatorsResolvers = {
  // Looked at with the others: it is the time that they are as of.
  asOf: (parent, _, { memory, passes }) =>
    passes.look(parent, 1, () => {
      const last = memory.window(parent.symbol, parent.interval)?.last;
      return last ? timeOf(last.openedAtMs) : null;
    }),
  sma: line("SMA"),
  ema: line("EMA"),
  rsi: line("RSI"),
  atr: line("ATR"),
  drawdown: line("DRAWDOWN"),
  beta: line("BETA"),
  sharpe: line("SHARPE"),
  obv: line("OBV"),
  realisedVolatility: (parent, { period, estimator }, context) =>
    line(estimator ?? "CLOSE_TO_CLOSE")(parent, { period }, context),
  macd: async (parent, given, context) => {
    const lines = await value("MACD", parent, given, context);
    return lines && { macd: lines[0]!, signal: lines[1]!, histogram: lines[2]! };
  },
  bollinger: async (parent, given, context) => {
    const lines = await value("BOLLINGER", parent, given, context);
    return lines && { upper: lines[0]!, middle: lines[1]!, lower: lines[2]! };
  },
  adx: async (parent, given, context) => {
    const lines = await value("ADX", parent, given, context);
    return lines && { adx: lines[0]!, plusDi: lines[1]!, minusDi: lines[2]! };
  },
  stochastic: async (parent, given, context) => {
    const lines = await value("STOCHASTIC", parent, given, context);
    return lines && { k: lines[0]!, d: lines[1]! };
  },
  vwap: async (parent, given, context) => {
    const lines = await value("VWAP", parent, given, context);
    return lines && { upper: lines[0]!, vwap: lines[1]!, lower: lines[2]! };
  },
  returnPercent: (parent, { period: given }, { memory, passes }) => {
    const period = within("period", given, 1, PERIOD_MAX);
    return passes.look(parent, 2, () => {
      const bars = memory.bars(parent.symbol, parent.interval);
      const [before, last] = [bars.at(-1 - period), bars.at(-1)];
      return before === undefined || last === undefined || before.close === 0
        ? null
        : (last.close / before.close - 1) * 100;
    });
  },
};
