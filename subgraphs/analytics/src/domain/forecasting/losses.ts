import { meanOf } from "./least-squares.ts";

/**
 * QLIKE as Patton has it (Journal of Econometrics 160, 2011): 0 for a forecast that came true, robust to a noisy measure of
 * the variance. Both must be above 0.
 */
export function qlike(actual: number, forecast: number): number {
  const ratio = actual / forecast;
  return ratio - Math.log(ratio) - 1;
}

/** A probability of exactly 0 or 1 would cost infinitely much once. */
const CERTAINTY_MAX = 1e-9;

/** The negative logarithm of the probability that was given to what happened. */
export function logLoss(actual: number, probability: number): number {
  const given = Math.min(Math.max(probability, CERTAINTY_MAX), 1 - CERTAINTY_MAX);
  return -(actual * Math.log(given) + (1 - actual) * Math.log(1 - given));
}

export type Verdict = "BETTER" | "UNDECIDED" | "WORSE";

export interface Comparison {
  loss: number;
  otherLoss: number;
  /** Diebold and Mariano's (Journal of Business & Economic Statistics 13, 1995); negative when the other loses more. */
  statistic: number;
  /** By that statistic, where chance alone would say so in one of twenty cases. */
  verdict: Verdict;
}

/** Losses have no unit; smaller differences are of the arithmetic. */
const ROUNDING = 1e-12;
/** 5 % of the normal distribution are beyond. */
const ONE_SIDED_95 = 1.645;

/** Compares the losses of two forecasters of the same things in the order of time. Losses of overlapping forecasts go together. */
export function compareLosses(losses: readonly number[], others: readonly number[], horizon: number): Comparison {
  const differences = losses.map((loss, at) => loss - others[at]!);
  const mean = meanOf(differences);
  const deviation = Math.sqrt(longRunVariance(differences, horizon) / differences.length);
  const statistic = deviation > 0 && Math.abs(mean) > ROUNDING ? mean / deviation : 0;
  return {
    loss: meanOf(losses),
    otherLoss: meanOf(others),
    statistic,
    verdict: statistic <= -ONE_SIDED_95 ? "BETTER" : statistic >= ONE_SIDED_95 ? "WORSE" : "UNDECIDED",
  };
}

/** Newey and West (Econometrica 55, 1987), with weights that fall to zero behind the lags that matter. */
function longRunVariance(values: readonly number[], horizon: number): number {
  const lags = Math.min(values.length - 1, Math.max(horizon - 1, Math.floor(4 * (values.length / 100) ** (2 / 9))));
  const mean = meanOf(values);
  const autocovariance = (lag: number) => {
    let sum = 0;
    for (let at = lag; at < values.length; at += 1) sum += (values[at]! - mean) * (values[at - lag]! - mean);
    return sum / values.length;
  };
  let variance = autocovariance(0);
  for (let lag = 1; lag <= lags; lag += 1) variance += 2 * (1 - lag / (lags + 1)) * autocovariance(lag);
  return variance;
}
