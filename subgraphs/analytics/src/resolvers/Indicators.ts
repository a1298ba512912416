import { CodedError } from "@mib/service/coded-error";
import type { Context } from "../context.ts";
import { indicatorSpec, type IndicatorArguments, type IndicatorKind } from "../domain/indicators/indicator-spec.ts";
import type { IndicatorsResolvers } from "../generated/resolvers.ts";
import type { Indicators as Parent } from "../models.ts";

const PERIOD_MAX = 500;

/** The lines of an indicator as of the window's last bar; a bad argument is BAD_USER_INPUT. */
function value(kind: IndicatorKind, { symbol, interval }: Parent, given: IndicatorArguments, context: Context) {
  return context.indicators.value(symbol, indicatorSpec(kind, interval, given));
}

const line = (kind: IndicatorKind) => (parent: Parent, given: IndicatorArguments, context: Context) =>
  value(kind, parent, given, context)?.[0] ?? null;

export const Indicators: IndicatorsResolvers = {
  asOf: ({ symbol, interval }, _, { memory }) => {
    const last = memory.window(symbol, interval)?.last;
    return last ? new Date(last.openedAtMs).toISOString() : null;
  },
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
  macd: (parent, given, context) => {
    const lines = value("MACD", parent, given, context);
    return lines && { macd: lines[0]!, signal: lines[1]!, histogram: lines[2]! };
  },
  bollinger: (parent, given, context) => {
    const lines = value("BOLLINGER", parent, given, context);
    return lines && { upper: lines[0]!, middle: lines[1]!, lower: lines[2]! };
  },
  adx: (parent, given, context) => {
    const lines = value("ADX", parent, given, context);
    return lines && { adx: lines[0]!, plusDi: lines[1]!, minusDi: lines[2]! };
  },
  stochastic: (parent, given, context) => {
    const lines = value("STOCHASTIC", parent, given, context);
    return lines && { k: lines[0]!, d: lines[1]! };
  },
  vwap: (parent, given, context) => {
    const lines = value("VWAP", parent, given, context);
    return lines && { upper: lines[0]!, vwap: lines[1]!, lower: lines[2]! };
  },
  returnPercent: ({ symbol, interval }, { period }, { memory }) => {
    if (period == null || period < 1 || period > PERIOD_MAX)
      throw new CodedError("BAD_USER_INPUT", `\`period\` must be between 1 and ${PERIOD_MAX}.`);
    const bars = memory.bars(symbol, interval);
    const before = bars.at(-1 - period);
    const last = bars.at(-1);
    return before === undefined || last === undefined || before.close === 0
      ? null
      : (last.close / before.close - 1) * 100;
  },
};
