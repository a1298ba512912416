import { CodedError } from "@mib/service/coded-error";
import { INTERVAL_MS } from "../interval-length.ts";
import type { BarInterval } from "../market-memory.ts";
import type { Indicator } from "./indicator.ts";
import { rsi, stochastic } from "./oscillators.ts";
import { beta, drawdown, sharpe } from "./risk.ts";
import { adx, bollinger, ema, macd, sma } from "./trend.ts";
import { atr, closeToClose, garmanKlass, parkinson, yangZhang } from "./volatility.ts";
import { obv, turnover, vwap } from "./volume.ts";

export type IndicatorKind =
  | "SMA"
  | "EMA"
  | "RSI"
  | "MACD"
  | "BOLLINGER"
  | "ATR"
  | "ADX"
  | "STOCHASTIC"
  | "OBV"
  | "TURNOVER"
  | "VWAP"
  | "CLOSE_TO_CLOSE"
  | "PARKINSON"
  | "GARMAN_KLASS"
  | "YANG_ZHANG"
  | "DRAWDOWN"
  | "SHARPE"
  | "BETA";

export interface IndicatorSpec {
  kind: IndicatorKind;
  interval: BarInterval;
  period: number;
  fast: number;
  slow: number;
  signal: number;
  smooth: number;
  deviations: number;
  /** The symbol that beta is measured against; "" for the other kinds. */
  benchmark: string;
}

export type IndicatorArguments = {
  [Name in "period" | "fast" | "slow" | "signal" | "smooth" | "deviations"]?: number | null | undefined;
} & { benchmark?: string | null | undefined };

const YEAR_MS = 365 * 86_400_000;
const DAY_MS = 86_400_000;
const PERIOD_MAX = 500;
const DEVIATIONS_MAX = 10;
/** An exponential average has forgotten all but 1e-10 of its seed after 11.6 times its period, one of Wilder's after 23.1 times. */
const SEED_LEFT = 1e-10;

interface Kind {
  lines: readonly string[];
  periodDefault: number;
  periodLeast?: number;
  /** Bars before the one asked for, so that the value does not depend on where the series began. */
  lead(spec: IndicatorSpec): number;
  create(spec: IndicatorSpec): Indicator;
}

const exponentialLead = (weight: number): number =>
  weight >= 1 ? 1 : Math.ceil(Math.log(SEED_LEFT) / Math.log(1 - weight));
const emaLead = (period: number): number => exponentialLead(2 / (period + 1)) + period;
const wilderLead = (period: number): number => exponentialLead(1 / period) + period;
const finite = ({ period }: IndicatorSpec): number => period + 1;

const KINDS: Readonly<Record<IndicatorKind, Kind>> = {
  SMA: { lines: ["sma"], periodDefault: 20, lead: finite, create: ({ period }) => sma(period) },
  EMA: {
    lines: ["ema"],
    periodDefault: 20,
    lead: ({ period }) => emaLead(period),
    create: ({ period }) => ema(period),
  },
  RSI: {
    lines: ["rsi"],
    periodDefault: 14,
    lead: ({ period }) => wilderLead(period),
    create: ({ period }) => rsi(period),
  },
  MACD: {
    lines: ["macd", "signal", "histogram"],
    periodDefault: 1,
    lead: ({ slow, signal }) => emaLead(slow) + emaLead(signal),
    create: ({ fast, slow, signal }) => macd(fast, slow, signal),
  },
  BOLLINGER: {
    lines: ["upper", "middle", "lower"],
    periodDefault: 20,
    lead: finite,
    create: ({ period, deviations }) => bollinger(period, deviations),
  },
  ATR: {
    lines: ["atr"],
    periodDefault: 14,
    lead: ({ period }) => wilderLead(period),
    create: ({ period }) => atr(period),
  },
  ADX: {
    lines: ["adx", "plusDi", "minusDi"],
    periodDefault: 14,
    lead: ({ period }) => 2 * wilderLead(period),
    create: ({ period }) => adx(period),
  },
  STOCHASTIC: {
    lines: ["k", "d"],
    periodDefault: 14,
    lead: ({ period, smooth, signal }) => period + smooth + signal,
    create: ({ period, smooth, signal }) => stochastic(period, smooth, signal),
  },
  OBV: { lines: ["obv"], periodDefault: 1, lead: () => 0, create: () => obv() },
  TURNOVER: {
    lines: ["volume", "tradedValue"],
    periodDefault: 20,
    lead: finite,
    create: ({ period }) => turnover(period),
  },
  VWAP: {
    lines: ["upper", "vwap", "lower"],
    periodDefault: 1,
    lead: ({ interval }) => DAY_MS / INTERVAL_MS[interval],
    create: ({ deviations }) => vwap(deviations),
  },
  CLOSE_TO_CLOSE: {
    lines: ["volatility"],
    periodDefault: 20,
    periodLeast: 2,
    lead: finite,
    create: ({ period }) => closeToClose(period),
  },
  PARKINSON: { lines: ["volatility"], periodDefault: 20, lead: finite, create: ({ period }) => parkinson(period) },
  GARMAN_KLASS: { lines: ["volatility"], periodDefault: 20, lead: finite, create: ({ period }) => garmanKlass(period) },
  YANG_ZHANG: {
    lines: ["volatility"],
    periodDefault: 20,
    periodLeast: 2,
    lead: finite,
    create: ({ period }) => yangZhang(period),
  },
  DRAWDOWN: { lines: ["drawdown"], periodDefault: 100, lead: finite, create: ({ period }) => drawdown(period) },
  SHARPE: {
    lines: ["sharpe"],
    periodDefault: 60,
    periodLeast: 2,
    lead: finite,
    create: ({ period, interval }) => sharpe(period, YEAR_MS / INTERVAL_MS[interval]),
  },
  BETA: { lines: ["beta"], periodDefault: 60, periodLeast: 2, lead: finite, create: ({ period }) => beta(period) },
};

/** Reads the arguments of an indicator; what is out of range is BAD_USER_INPUT with the range. */
export function indicatorSpec(kind: IndicatorKind, interval: BarInterval, given: IndicatorArguments): IndicatorSpec {
  const { periodDefault, periodLeast = 1 } = KINDS[kind];
  const spec = {
    kind,
    interval,
    period: within("period", given.period ?? periodDefault, periodLeast),
    fast: within("fast", given.fast ?? 12),
    slow: within("slow", given.slow ?? 26),
    signal: within("signal", given.signal ?? (kind === "STOCHASTIC" ? 3 : 9)),
    smooth: within("smooth", given.smooth ?? 3),
    deviations: given.deviations ?? 2,
    benchmark: kind === "BETA" ? (given.benchmark ?? "") : "",
  };
  if (kind === "MACD" && spec.fast >= spec.slow)
    throw new CodedError("BAD_USER_INPUT", "`fast` must be smaller than `slow`.");
  if (!(spec.deviations > 0 && spec.deviations <= DEVIATIONS_MAX))
    throw new CodedError("BAD_USER_INPUT", `\`deviations\` must be above 0 and at most ${DEVIATIONS_MAX}.`);
  if (kind === "BETA" && spec.benchmark === "")
    throw new CodedError("BAD_USER_INPUT", "`benchmark` must be the symbol of an instrument.");
  return spec;
}

export const createIndicator = (spec: IndicatorSpec): Indicator => KINDS[spec.kind].create(spec);
export const indicatorLines = (kind: IndicatorKind): readonly string[] => KINDS[kind].lines;
/** How many bars before the first one asked for go in, so that a longer history changes no value by more than 1e-9 of it. */
export const indicatorLead = (spec: IndicatorSpec): number => KINDS[spec.kind].lead(spec);

function within(name: string, value: number, least = 1): number {
  if (value < least || value > PERIOD_MAX)
    throw new CodedError("BAD_USER_INPUT", `\`${name}\` must be between ${least} and ${PERIOD_MAX}.`);
  return value;
}
