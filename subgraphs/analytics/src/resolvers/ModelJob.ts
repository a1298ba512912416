import type { BacktestResolvers, ModelJobResolvers } from "../generated/resolvers.ts";
import { timeOf } from "./time.ts";

export const ModelJob: ModelJobResolvers = {
  __resolveReference: ({ id }, { modelJobs }) => modelJobs.byId(id),
  instrument: ({ task }) => ({ symbol: task.spec.symbol }),
  at: ({ updatedAt }) => updatedAt.toISOString(),
  createdAt: ({ createdAt }) => createdAt.toISOString(),
  model: ({ modelId }, _, { models }) => (modelId === null ? null : models.byId(modelId)),
  backtest: ({ task, result }) => result && { target: task.spec.target, result },
};

export const Backtest: BacktestResolvers = {
  metrics: ({ target, result }) => ({ target, evaluation: result.evaluation, model: null }),
  dataset: ({ result }) => result.dataset.dataset,
  bars: ({ result }) => result.dataset.bars,
  points: ({ result }) => result.points.map(({ atMs, ...point }) => ({ at: timeOf(atMs), ...point })),
};
