import { assessment } from "../domain/forecasting/assessment.ts";
import type { ForecastResolvers } from "../generated/resolvers.ts";
import { trainedOn } from "./Model.ts";
import { timeOf } from "./time.ts";

export const Forecast: ForecastResolvers = {
  modelVersion: ({ model }) => model.version,
  trainedOn: ({ model }) => trainedOn(model),
  asOf: ({ forecast }) => timeOf(forecast.asOfMs),
  until: ({ forecast }) => timeOf(forecast.untilMs),
  value: ({ forecast }) => forecast.value,
  lower: ({ forecast }) => forecast.lower,
  upper: ({ forecast }) => forecast.upper,
  directions: ({ model, forecast: { lower, upper } }) => {
    if (model.spec.target !== "DIRECTION") return null;
    return [...(upper >= 1 ? (["UP"] as const) : []), ...(lower <= 0 ? (["DOWN"] as const) : [])];
  },
  beatsBaseline: ({ model }) => model.trained.evaluation.verdict === "BETTER",
  assessment: ({ model }) => assessment(model.spec.target, model.trained.evaluation),
};
