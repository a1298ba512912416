import type { ModelSpec } from "./model-spec.ts";

/** What there is one champion for. */
export type Slot = Pick<ModelSpec, "symbol" | "target" | "interval" | "horizon">;
