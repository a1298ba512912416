import { featuresOf } from "../domain/forecasting/pipeline.ts";
import { barsRead, type ModelSpec } from "../domain/forecasting/model-spec.ts";
import type { ModelResolvers } from "../generated/resolvers.ts";
import type { Model as Parent } from "../models.ts";
import { timeOf } from "./time.ts";

export const Model: ModelResolvers = {
  __resolveReference: ({ id }, { models }) => models.byId(id),
  instrument: ({ spec }) => ({ symbol: spec.symbol }),
  kind: ({ spec }) => spec.kind,
  target: ({ spec }) => spec.target,
  interval: ({ spec }) => spec.interval,
  horizon: ({ spec }) => spec.horizon,
  createdAt: ({ createdAt }) => createdAt.toISOString(),
  trainedOn: (model) => trainedOn(model),
  features: ({ spec }) => [...featuresOf(spec)],
  parameters: ({ spec, trained }) => [
    ...settingsOf(spec),
    ...Object.entries(trained.fitted).map(([name, value]) => ({
      name,
      values: typeof value === "number" ? [value] : [...value],
    })),
  ],
  metrics: (model) => ({ target: model.spec.target, evaluation: model.trained.evaluation, model }),
  lineage: ({ lineage: { jobId, dataset, firstBarAtMs, lastBarAtMs, code } }) => ({
    job: jobId,
    dataset,
    firstBarAt: timeOf(firstBarAtMs),
    lastBarAt: timeOf(lastBarAtMs),
    code,
  }),
  isChampion: async ({ id, spec }, _, { models }) => (await models.champion(spec))?.id === id,
  promotions: ({ id }, _, { models }) => models.promotionsOf(id),
};

export function trainedOn({ spec, trained, lineage }: Parent) {
  return {
    from: timeOf(trained.fromMs),
    to: timeOf(trained.toMs),
    examples: trained.examples,
    bars: lineage.bars,
    barInterval: barsRead(spec),
    measure: spec.measure,
  };
}

function settingsOf({ kind, lags, ridge }: ModelSpec): { name: string; values: number[] }[] {
  if (kind === "HAR_RV") return [{ name: "lags", values: [...lags] }];
  return kind === "LOGISTIC" ? [{ name: "ridge", values: [ridge] }] : [];
}
