import { CodedError } from "@mib/service/coded-error";
import type { IndicatorBar } from "../indicators/indicator.ts";
import { INTERVAL_MS } from "../interval-length.ts";
import { conformalRadius } from "./conformal.ts";
import { learnerOf, type Fitted } from "./learners.ts";
import type { ModelSpec } from "./model-spec.ts";
import { examplesOf } from "./pipeline.ts";
import { boundsOf, inUnits } from "./units.ts";

/** What a model says at the end of a period, in the units in which it learns. */
export interface PointForecast {
  asOfMs: number;
  untilMs: number;
  forecast: number;
}

/** Of volatility: the standard deviation of the price's logarithm over the horizon. Of direction: the probability of UP. */
export interface Forecast {
  asOfMs: number;
  untilMs: number;
  value: number;
  lower: number;
  upper: number;
}

/** What the model says at the end of the last period of the bars. Null where they are too few for its features. */
export function forecastNow(spec: ModelSpec, fitted: Fitted, bars: readonly IndicatorBar[]): PointForecast | null {
  const now = examplesOf(spec, bars).at(-1);
  return now === undefined
    ? null
    : {
        asOfMs: now.atMs,
        untilMs: now.atMs + spec.horizon * INTERVAL_MS[spec.interval],
        forecast: learnerOf(spec).forecast(fitted, now),
      };
}

/**
 * With the interval in which the outcome is to be at that coverage: of volatility what will be measured, of direction 1 (up) and
 * 0 (down), whichever are inside. BAD_USER_INPUT where the model has too few errors to say so much.
 */
export function withInterval(
  spec: ModelSpec,
  { asOfMs, untilMs, forecast }: PointForecast,
  calibration: readonly number[],
  coverage: number,
): Forecast {
  const radius = conformalRadius(calibration, coverage);
  if (radius === null)
    throw new CodedError("BAD_USER_INPUT", "`coverage` is more than the errors of the model can tell.", {
      argument: "coverage",
      errors: calibration.length,
    });
  return { asOfMs, untilMs, value: inUnits(spec, forecast), ...boundsOf(spec, forecast, radius) };
}
