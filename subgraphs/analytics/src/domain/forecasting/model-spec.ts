import { CodedError } from "@mib/service/coded-error";
import type { BarInterval } from "../market-memory.ts";

export type ForecastTarget = "VOLATILITY" | "DIRECTION";
export type ModelKind = "EWMA" | "HAR_RV" | "LOGISTIC";
/** REALISED: squared returns of the finer bars in a period. RANGE: Garman-Klass of the period's own bar. */
type VarianceMeasure = "REALISED" | "RANGE";

/** What is to be learned of which instrument: all that decides what training does, beside the bars. */
export interface ModelSpec {
  symbol: string;
  kind: ModelKind;
  target: ForecastTarget;
  interval: BarInterval;
  /** How many periods of the interval a forecast is for. */
  horizon: number;
  /** Of volatility alone. */
  measure: VarianceMeasure | null;
  /** Of HAR-RV: over how many of the last periods each of its averages goes. */
  lags: readonly number[];
  /** Of the logistic model: the weight of the squared coefficients. */
  ridge: number;
}

export interface ModelArguments {
  kind: ModelKind;
  symbol: string;
  interval?: BarInterval | null | undefined;
  horizon?: number | null | undefined;
  measure?: VarianceMeasure | null | undefined;
  lags?: readonly number[] | null | undefined;
  ridge?: number | null | undefined;
}

export const HORIZON_MAX = 22;
const LAGS_MAX = 6;
const LAG_MAX = 60;
const RIDGE_MAX = 1e6;
/** A day, a week and a month of trading days (Corsi 2009); of hours: one, a session, a day. */
const LAGS: Readonly<Partial<Record<BarInterval, readonly number[]>>> = { H1: [1, 8, 24] };
const LAGS_USUAL = [1, 5, 22];

/** Finer bars from which a period's variance is realised: few enough to be read, many enough to measure well. */
const SAMPLING: Readonly<Partial<Record<BarInterval, BarInterval>>> = { H1: "M1", D1: "M5" };

/** The bars that a model reads. */
export function barsRead({ measure, interval }: Pick<ModelSpec, "measure" | "interval">): BarInterval {
  return measure === "REALISED" ? SAMPLING[interval]! : interval;
}

/** Reads what a caller asks for; what is out of range is BAD_USER_INPUT with the range. */
export function modelSpec(given: ModelArguments): ModelSpec {
  const { kind, symbol } = given;
  const interval = given.interval ?? "D1";
  if (interval === "S1") throw refused("interval", "Bars of a second are not kept for long enough to learn from.");
  const horizon = given.horizon ?? 1;
  if (horizon < 1 || horizon > HORIZON_MAX)
    throw refused("horizon", `\`horizon\` must be between 1 and ${HORIZON_MAX}.`);
  const target = kind === "LOGISTIC" ? "DIRECTION" : "VOLATILITY";
  const measure = target === "DIRECTION" ? null : (given.measure ?? "REALISED");
  if (measure === "REALISED" && SAMPLING[interval] === undefined)
    throw refused("measure", "REALISED is for H1 and D1: other intervals have no finer bars here. RANGE is for all.");
  return {
    symbol,
    kind,
    target,
    interval,
    horizon,
    measure,
    lags: kind === "HAR_RV" ? checkedLags(given.lags ?? LAGS[interval] ?? LAGS_USUAL) : [],
    ridge: kind === "LOGISTIC" ? checkedRidge(given.ridge ?? 1) : 0,
  };
}

function checkedLags(lags: readonly number[]): readonly number[] {
  const rising = lags.every((lag, index) => lag >= 1 && lag <= LAG_MAX && (index === 0 || lag > lags[index - 1]!));
  if (!rising || lags.length === 0 || lags.length > LAGS_MAX)
    throw refused("lags", `\`lags\` must be 1 to ${LAGS_MAX} rising numbers between 1 and ${LAG_MAX}.`);
  return lags;
}

function checkedRidge(ridge: number): number {
  if (!(ridge > 0 && ridge <= RIDGE_MAX)) throw refused("ridge", `\`ridge\` must be above 0 and at most ${RIDGE_MAX}.`);
  return ridge;
}

const refused = (argument: string, message: string): CodedError =>
  new CodedError("BAD_USER_INPUT", message, { argument });
