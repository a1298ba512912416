import type { BenchResult } from "../bench-result.ts";
import { engineTest } from "./engine-bench.ts";

/** Heap allocations of the threads that inputs pass, after a warm-up: counted by a test of the engine, which fails above zero. */
export async function measureAllocations(): Promise<BenchResult> {
  const printed = await engineTest("inputs_cost_no_heap_allocation_after_a_warm_up");
  const [, allocations, inputs] = /heap allocations: (\d+) for (\d+) inputs/.exec(printed) ?? [];
  if (!allocations || !inputs) throw new Error(`the test did not say what it counted:\n${printed}`);
  const value = Number(allocations) / Number(inputs);
  return {
    rows: [{ id: "engine.allocations", value, unit: "allocations/record" }],
    notes: [`${inputs} records; threads io, core and journal; publishing off`],
  };
}
