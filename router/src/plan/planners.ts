import type { QueryPlan } from "@apollo/query-planner";
import { ApolloGatewayLifeCycle } from "../supergraph/apollo-gateway-life-cycle.ts";
import { apolloPlanner, type PlanningEffort } from "./apollo-planner.ts";

/** The planner of one supergraph. */
export interface Planner {
  /** `overrides`: the labels that hold. Rejects with a CodedError when the operation cannot be planned, or not in time. */
  plan(document: string, operationName: string | null, overrides: readonly string[]): Promise<QueryPlan>;
  /** Ends it with its supergraph; what waits is still planned. */
  release(): void;
}

/** Where Apollo's code runs: planners, and the gateway that has to take a supergraph. */
export interface Planners {
  /** Builds the planner of a supergraph; rejects when Apollo's planner refuses it. */
  build(supergraphSdl: string): Promise<Planner>;
  /** Loads a supergraph into Apollo's gateway, or replaces the one that is there; rejects with what is wrong with it. */
  takeSupergraph(supergraphSdl: string): Promise<void>;
  close(): Promise<void>;
}

/** Plans on the caller's own thread: for tools and tests, which have nothing else to do meanwhile. */
export function planInline(effort: PlanningEffort = {}): Planners {
  const gateway = new ApolloGatewayLifeCycle();
  return {
    async build(supergraphSdl) {
      const plan = apolloPlanner(supergraphSdl, effort);
      return { plan: async (...operation) => plan(...operation), release() {} };
    },
    takeSupergraph: (supergraphSdl) => gateway.take(supergraphSdl),
    close: () => gateway.stop(),
  };
}

export const inlinePlanners: Planners = planInline();
