import type { IndicatorBar } from "../indicators/indicator.ts";
import { INTERVAL_MS } from "../interval-length.ts";
import { conformalRadius } from "./conformal.ts";
import { isKnown } from "./example.ts";
import { learnerOf, naiveLearnerOf } from "./learners.ts";
import { meanOf } from "./least-squares.ts";
import type { Model } from "./model.ts";
import { examplesOf, lossOf } from "./pipeline.ts";
import { boundsOf, inUnits } from "./units.ts";

/** A forecast as the model makes it from what was known at a time, beside what came of it. In the units of `Forecast`. */
interface ForecastPoint {
  atMs: number;
  untilMs: number;
  value: number;
  baseline: number;
  /** Null where the model has too few errors to say. */
  lower: number | null;
  upper: number | null;
  /** Null where the bars do not reach so far, or it decides nothing. */
  actual: number | null;
  /** Whether the model was trained on times after `atMs`: then it is no test. */
  inSample: boolean;
}

export interface ForecastTrack {
  points: ForecastPoint[];
  /** Points that are a test. */
  judged: number;
  inside: number;
  loss: number | null;
  baselineLoss: number | null;
}

/** The last `count` forecasts of a model that the bars allow, the oldest first. */
export function forecastTrack(
  { spec, trained }: Pick<Model, "spec" | "trained">,
  bars: readonly IndicatorBar[],
  { count, coverage }: { count: number; coverage: number },
): ForecastTrack {
  const examples = examplesOf(spec, bars);
  const [learner, naive, lossFor] = [learnerOf(spec), naiveLearnerOf(spec), lossOf(spec)];
  const radius = conformalRadius(trained.calibration, coverage);
  const losses: { loss: number; baselineLoss: number; inside: boolean }[] = [];
  const points = examples.slice(-count).map((example): ForecastPoint => {
    const { atMs, actual } = example;
    const known = examples.filter(isKnown).filter(({ untilMs }) => untilMs <= atMs);
    const forecast = learner.forecast(trained.fitted, example);
    const baseline = naive.forecast(naive.fit(known), example);
    const { lower, upper } = radius === null ? NO_BOUNDS : boundsOf(spec, forecast, radius);
    const outcome = actual === null ? null : inUnits(spec, actual);
    const inSample = atMs < trained.toMs;
    if (actual !== null && outcome !== null && !inSample)
      losses.push({
        loss: lossFor(actual, forecast),
        baselineLoss: lossFor(actual, baseline),
        inside: lower !== null && upper !== null && lower <= outcome && outcome <= upper,
      });
    return {
      atMs,
      untilMs: Number.isFinite(example.untilMs) ? example.untilMs : atMs + spec.horizon * INTERVAL_MS[spec.interval],
      value: inUnits(spec, forecast),
      baseline: inUnits(spec, baseline),
      lower,
      upper,
      actual: outcome,
      inSample,
    };
  });
  const meanOrNull = (values: number[]) => (values.length === 0 ? null : meanOf(values));
  return {
    points,
    judged: losses.length,
    inside: losses.filter(({ inside }) => inside).length,
    loss: meanOrNull(losses.map(({ loss }) => loss)),
    baselineLoss: meanOrNull(losses.map(({ baselineLoss }) => baselineLoss)),
  };
}

const NO_BOUNDS = { lower: null, upper: null };
