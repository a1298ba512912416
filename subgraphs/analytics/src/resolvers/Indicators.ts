import { CodedError } from "@mib/service/coded-error";
import * as indicators from "../domain/indicators.ts";
import type { IndicatorsResolvers } from "../generated/resolvers.ts";

const PERIOD_MAX = 500;

export const Indicators: IndicatorsResolvers = {
  asOf: ({ bars }) => {
    const last = bars.at(-1);
    return last ? new Date(last.openedAtMs).toISOString() : null;
  },
  sma: ({ bars }, { period }) => indicators.sma(bars, checked("period", period)),
  ema: ({ bars }, { period }) => indicators.ema(bars, checked("period", period)),
  rsi: ({ bars }, { period }) => indicators.rsi(bars, checked("period", period)),
  macd: ({ bars }, { fast, slow, signal }) => {
    if (checked("fast", fast) >= checked("slow", slow))
      throw new CodedError("BAD_USER_INPUT", "`fast` must be smaller than `slow`.");
    return indicators.macd(bars, fast, slow, checked("signal", signal));
  },
  bollinger: ({ bars }, { period, deviations }) => {
    if (deviations == null || !(deviations > 0 && deviations <= 10))
      throw new CodedError("BAD_USER_INPUT", "`deviations` must be above 0 and at most 10.");
    return indicators.bollinger(bars, checked("period", period), deviations);
  },
  atr: ({ bars }, { period }) => indicators.atr(bars, checked("period", period)),
  realisedVolatility: ({ bars }, { period }) => indicators.realisedVolatility(bars, checked("period", period, 2)),
  returnPercent: ({ bars }, { period }) => indicators.returnPercent(bars, checked("period", period)),
};

function checked(name: string, value: number | null | undefined, least = 1): number {
  if (value == null || value < least || value > PERIOD_MAX)
    throw new CodedError("BAD_USER_INPUT", `\`${name}\` must be between ${least} and ${PERIOD_MAX}.`);
  return value;
}
