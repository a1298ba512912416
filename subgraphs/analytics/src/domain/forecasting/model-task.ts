import type { ModelSpec } from "./model-spec.ts";

interface TaskRange {
  /** Null: as far back, or up to the newest, as there are bars. */
  fromMs: number | null;
  toMs: number | null;
}

/** What a job is to do. */
export type ModelTask =
  | ({ kind: "TRAINING"; spec: ModelSpec; promoteIfBetter: boolean } & TaskRange)
  | ({ kind: "BACKTEST"; spec: ModelSpec; modelId: string } & TaskRange);
