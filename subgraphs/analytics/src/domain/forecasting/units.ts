import type { ModelSpec } from "./model-spec.ts";

type Target = Pick<ModelSpec, "target" | "horizon">;

/** What a learner forecasts, as people read it: of a mean variance the deviation over the horizon, of a direction its probability. */
export const inUnits = ({ target, horizon }: Target, value: number): number =>
  target === "DIRECTION" ? value : Math.sqrt(horizon * value);

/** The outcomes whose score is at most the radius, in the same units. */
export function boundsOf(spec: Target, forecast: number, radius: number): { lower: number; upper: number } {
  if (spec.target === "DIRECTION")
    return { lower: Math.max(0, forecast - radius), upper: Math.min(1, forecast + radius) };
  const value = inUnits(spec, forecast);
  const factor = Math.exp(radius / 2);
  return { lower: value / factor, upper: value * factor };
}
