import { screenerRows } from "./analytics/screener.ts";
import type { BenchOptions, BenchResult } from "./bench-result.ts";

export const name = "analytics";

/** What analytics costs. Markets are simulated. */
export async function run(options: BenchOptions): Promise<BenchResult> {
  return { rows: screenerRows(options), notes: ["The screener is measured in process, without HTTP and GraphQL."] };
}
