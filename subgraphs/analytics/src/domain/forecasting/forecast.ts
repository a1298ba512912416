import type { IndicatorBar } from "../indicators/indicator.ts";
import { INTERVAL_MS } from "../interval-length.ts";
import { conformalRadius } from "./conformal.ts";
import { learnerOf, type Fitted } from "./learners.ts";
import type { ModelSpec } from "./model-spec.ts";
import { examplesOf } from "./pipeline.ts";
import { boundsOf, inUnits } from "./units.ts";

/** Of volatility: the standard deviation of the price's logarithm over the horizon. Of direction: the probability of UP. */
export interface Forecast {
  asOfMs: number;
  untilMs: number;
  value: number;
  lower: number;
  upper: number;
}

/**
 * What the model says at the end of the last period of the bars, with the interval in which the outcome is to be at that
 * coverage: of volatility what will be measured, of direction 1 (up) and 0 (down), whichever are inside. Null where the bars
 * are too few for the features, or the model has too few scores for an interval.
 */
export function forecastNow(
  spec: ModelSpec,
  { fitted, calibration }: { fitted: Fitted; calibration: readonly number[] },
  bars: readonly IndicatorBar[],
  coverage: number,
): Forecast | null {
  const now = examplesOf(spec, bars).at(-1);
  const radius = conformalRadius(calibration, coverage);
  if (now === undefined || radius === null) return null;
  const forecast = learnerOf(spec).forecast(fitted, now);
  return {
    asOfMs: now.atMs,
    untilMs: now.atMs + spec.horizon * INTERVAL_MS[spec.interval],
    value: inUnits(spec, forecast),
    ...boundsOf(spec, forecast, radius),
  };
}
