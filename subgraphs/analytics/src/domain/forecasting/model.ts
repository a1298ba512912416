import type { ModelSpec } from "./model-spec.ts";
import type { TrainedModel } from "./train.ts";

/** Where a model comes from. */
export interface Lineage {
  jobId: string;
  /** SHA-256 of the bars. */
  dataset: string;
  bars: number;
  firstBarAtMs: number;
  lastBarAtMs: number;
  code: string;
  /** Who was champion then. */
  championId: string | null;
}

/** A model as it is kept. Nothing of it changes. */
export interface Model {
  id: string;
  number: string;
  version: number;
  createdAt: Date;
  spec: ModelSpec;
  trained: TrainedModel;
  lineage: Lineage;
}

/** That a model became champion of its slot. */
export interface Promotion {
  number: string;
  kind: "PROMOTION" | "ROLLBACK";
  modelId: string;
  /** The promotion that a roll back of this one goes back to. */
  replaces: string | null;
  at: Date;
  note: string | null;
}

/**
 * Whether a model may become champion: better than the naive forecast, and where there is a champion held against that one and
 * not worse.
 */
export function deservesPromotion({ trained, lineage }: Pick<Model, "trained" | "lineage">, championId: string | null) {
  if (trained.evaluation.verdict !== "BETTER") return false;
  if (championId === null) return true;
  return lineage.championId === championId && trained.challenge !== null && trained.challenge.verdict !== "WORSE";
}
