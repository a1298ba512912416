import { anomalyRows } from "./analytics/anomalies.ts";
import { forecastRows } from "./analytics/forecasts.ts";
import { screenerRows } from "./analytics/screener.ts";
import type { BenchOptions, BenchResult } from "./bench-result.ts";

export const name = "analytics";

/** What analytics costs and how good it is, on simulated markets. A word names their seed. */
export async function run(options: BenchOptions): Promise<BenchResult> {
  return {
    rows: [...screenerRows(options), ...anomalyRows(options), ...forecastRows(options)],
    notes: ["The screener is measured in process, without HTTP and GraphQL."],
  };
}
