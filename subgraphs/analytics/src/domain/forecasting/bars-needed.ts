import { INTERVAL_MS } from "../interval-length.ts";
import { barsRead, type ModelSpec } from "./model-spec.ts";
import { volatilityLead } from "./volatility-examples.ts";

/** The first period may not be whole, and one that stood still does not count. */
const SPARE_PERIODS = 8;
/** Of the last bars of a direction, so that where they begin makes no difference. */
const DIRECTION_BARS = 300;

/** How many of the bars that a model reads its last `forecasts` forecasts take. */
export function barsNeeded(spec: ModelSpec, forecasts: number): number {
  const lead = spec.target === "DIRECTION" ? DIRECTION_BARS : volatilityLead(spec) + SPARE_PERIODS;
  return (lead + forecasts - 1) * (INTERVAL_MS[spec.interval] / INTERVAL_MS[barsRead(spec)]);
}
