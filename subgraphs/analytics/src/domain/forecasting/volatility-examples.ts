import type { Example } from "./example.ts";
import type { ModelSpec } from "./model-spec.ts";
import type { VariancePeriod } from "./variance-periods.ts";

/** From quick to slow to forget; RiskMetrics (J.P. Morgan 1996) takes 0.94 for days. */
export const DECAYS = [0.6, 0.7, 0.8, 0.85, 0.88, 0.91, 0.94, 0.96, 0.97, 0.98] as const;
/** Older periods weigh nothing: so the same periods give the same average whatever came before them. */
const DECAY_PERIODS = 60;

/** How many periods the features of one example look back on. */
export const volatilityLead = ({ kind, horizon, lags }: ModelSpec): number =>
  Math.max(horizon, kind === "EWMA" ? DECAY_PERIODS : Math.max(...lags));

/**
 * The mean variance of the next `horizon` periods, by what is known at the end of each. Features are logarithms: of means
 * over the lags for HAR-RV, of one exponential average for each decay for EWMA. The naive forecast is the mean of the last
 * `horizon` periods: for one period, yesterday's value.
 */
export function volatilityExamples(periods: readonly VariancePeriod[], spec: ModelSpec): Example[] {
  const variances = periods.map(({ variance }) => variance);
  const lead = volatilityLead(spec);
  const examples: Example[] = [];
  for (let at = lead - 1; at < periods.length; at += 1) {
    const until = periods[at + spec.horizon];
    examples.push({
      atMs: periods[at]!.closedAtMs,
      untilMs: until?.closedAtMs ?? Infinity,
      features:
        spec.kind === "EWMA"
          ? DECAYS.map((decay) => Math.log(decayingMean(variances, at, decay)))
          : spec.lags.map((lag) => Math.log(mean(variances, at - lag + 1, at))),
      naive: mean(variances, at - spec.horizon + 1, at),
      actual: until === undefined ? null : mean(variances, at + 1, at + spec.horizon),
    });
  }
  return examples;
}

function mean(values: readonly number[], from: number, to: number): number {
  let sum = 0;
  for (let at = from; at <= to; at += 1) sum += values[at]!;
  return sum / (to - from + 1);
}

function decayingMean(values: readonly number[], last: number, decay: number): number {
  let sum = 0;
  let weights = 0;
  let weight = 1;
  for (let at = last; at > last - DECAY_PERIODS; at -= 1) {
    sum += weight * values[at]!;
    weights += weight;
    weight *= decay;
  }
  return sum / weights;
}
