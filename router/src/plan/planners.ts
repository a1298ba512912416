import type { QueryPlan } from "@apollo/query-planner";
import { apolloPlanner, type PlanningEffort } from "./apollo-planner.ts";

/** The planner of one supergraph. */
export interface Planner {
  /** `overrides`: the labels that hold. Rejects with a CodedError when the operation cannot be planned, or not in time. */
  plan(document: string, operationName: string | null, overrides: readonly string[]): Promise<QueryPlan>;
  /** Ends it with its supergraph; what waits is still planned. */
  release(): void;
}

/** Where planners run. */
export interface Planners {
  /** Builds the planner of a supergraph; rejects when Apollo's planner refuses it. */
  build(supergraphSdl: string): Promise<Planner>;
  close(): Promise<void>;
}

/** Plans on the caller's own thread: for tools and tests, which have nothing else to do meanwhile. */
export function planInline(effort: PlanningEffort = {}): Planners {
  return {
    async build(supergraphSdl) {
      const plan = apolloPlanner(supergraphSdl, effort);
      return { plan: async (...operation) => plan(...operation), release() {} };
    },
    async close() {},
  };
}

export const inlinePlanners: Planners = planInline();
