import type { IndicatorBar } from "../indicators/indicator.ts";
import { INTERVAL_MS } from "../interval-length.ts";
import { DIRECTION_FEATURES, directionExamples } from "./direction-examples.ts";
import type { Example } from "./example.ts";
import { learnerOf, naiveLearnerOf } from "./learners.ts";
import { logLoss, qlike } from "./losses.ts";
import { barsRead, type ModelSpec } from "./model-spec.ts";
import { rangeVariances, realisedVariances } from "./variance-periods.ts";
import { DECAYS, volatilityExamples } from "./volatility-examples.ts";
import { walkForward, type Outcome, type WalkForwardOptions } from "./walk-forward.ts";

/** Intervals are made, and their coverage is counted, for this part of what happens. */
const COVERAGE = 0.9;

/** From bars to examples: the one way in which training, backtests and forecasts see a market. */
export function examplesOf(spec: ModelSpec, bars: readonly IndicatorBar[]): Example[] {
  const barMs = INTERVAL_MS[barsRead(spec)];
  if (spec.target === "DIRECTION") return directionExamples(bars, spec, barMs);
  const periods =
    spec.measure === "RANGE"
      ? rangeVariances(bars, barMs)
      : realisedVariances(bars, { barMs, periodMs: INTERVAL_MS[spec.interval] });
  return volatilityExamples(periods, spec);
}

/** What the features of a model are, in their order. */
export function featuresOf({ kind, lags }: ModelSpec): readonly string[] {
  if (kind === "LOGISTIC") return DIRECTION_FEATURES;
  return kind === "HAR_RV"
    ? lags.map((lag) => `logMeanVariance${lag}`)
    : DECAYS.map((decay) => `logDecayingVariance${decay}`);
}

/** How unusual an outcome is: the distance of logarithms of variances; how little probability what happened was given. */
export function scoreOf({ target }: Pick<ModelSpec, "target">): (actual: number, forecast: number) => number {
  return target === "DIRECTION"
    ? (actual, forecast) => Math.abs(actual - forecast)
    : (actual, forecast) => Math.abs(Math.log(actual / forecast));
}

export const lossOf = ({ target }: Pick<ModelSpec, "target">) => (target === "DIRECTION" ? logLoss : qlike);

/** What the model would have forecast over these bars, each time with what was known then. */
export function backtestOutcomes(
  spec: ModelSpec,
  bars: readonly IndicatorBar[],
  options: Pick<WalkForwardOptions, "refits" | "onProgress"> = {},
): Outcome[] {
  return outcomesOf(spec, examplesOf(spec, bars), options);
}

/** The same, where the examples that the bars give are there already. */
export function outcomesOf(
  spec: ModelSpec,
  examples: readonly Example[],
  { refits, onProgress }: Pick<WalkForwardOptions, "refits" | "onProgress">,
): Outcome[] {
  return walkForward(examples, {
    learner: learnerOf(spec),
    naive: naiveLearnerOf(spec),
    scoreOf: scoreOf(spec),
    coverage: COVERAGE,
    refits,
    onProgress,
  });
}
