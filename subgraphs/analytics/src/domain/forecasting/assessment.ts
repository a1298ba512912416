import type { Evaluation } from "./evaluate.ts";
import type { ForecastTarget } from "./model-spec.ts";

/** What is naive about each target. */
export const BASELINES: Readonly<Record<ForecastTarget, string>> = {
  VOLATILITY: "the last value",
  DIRECTION: "the rate so far",
};

const LOSSES: Readonly<Record<ForecastTarget, string>> = { VOLATILITY: "QLIKE", DIRECTION: "Logarithmic loss" };

/** What an evaluation comes to, in a sentence that hides nothing. */
export function assessment(target: ForecastTarget, { loss, naiveLoss, forecasts, verdict }: Evaluation): string {
  const figures = `${LOSSES[target]} ${short(loss)} against ${short(naiveLoss)} of ${BASELINES[target]} over ${forecasts} forecasts`;
  if (verdict === "BETTER") return `Better than its naive baseline: ${figures}.`;
  if (verdict === "WORSE") return `Does not beat its naive baseline, it is worse: ${figures}.`;
  return `Does not beat its naive baseline, the difference may be chance: ${figures}.`;
}

const short = (value: number): string => String(Number(value.toPrecision(4)));
