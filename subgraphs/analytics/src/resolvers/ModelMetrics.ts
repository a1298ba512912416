import { assessment, BASELINES } from "../domain/forecasting/assessment.ts";
import type { ModelMetricsResolvers } from "../generated/resolvers.ts";
import { timeOf } from "./time.ts";

export const ModelMetrics: ModelMetricsResolvers = {
  from: ({ evaluation }) => timeOf(evaluation.fromMs),
  to: ({ evaluation }) => timeOf(evaluation.toMs),
  forecasts: ({ evaluation }) => evaluation.forecasts,
  loss: ({ target }) => (target === "DIRECTION" ? "LOG_LOSS" : "QLIKE"),
  value: ({ evaluation }) => evaluation.loss,
  baseline: ({ target }) => BASELINES[target],
  baselineValue: ({ evaluation }) => evaluation.naiveLoss,
  statistic: ({ evaluation }) => evaluation.statistic,
  verdict: ({ evaluation }) => evaluation.verdict,
  beatsBaseline: ({ evaluation }) => evaluation.verdict === "BETTER",
  assessment: ({ target, evaluation }) => assessment(target, evaluation),
  intervals: ({ evaluation }) => evaluation.intervals,
  coverage: ({ evaluation }) => evaluation.covered,
  challenge: async ({ model }, _, { models }) => {
    const challenge = model?.trained.challenge;
    const champion = model?.lineage.championId ? await models.byId(model.lineage.championId) : null;
    if (!challenge || champion === null) return null;
    return { champion, value: challenge.loss, championValue: challenge.championLoss, verdict: challenge.verdict };
  },
};
