import { operationFromDocument, ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from "@apollo/federation-internals";
import { QueryPlanner, type QueryPlan } from "@apollo/query-planner";
import { GraphQLError, parse } from "graphql";
import { CodedError } from "@mib/service/coded-error";

/**
 * Plans one operation: the document's text, the operation's name where it has one, and the labels of overrides that hold.
 * Throws a CodedError for what cannot be planned.
 */
export type PlanText = (document: string, operationName: string | null, overrides: readonly string[]) => QueryPlan;

/** How hard a planner tries. */
export interface PlanningEffort {
  /** Of the plans that are possible for an operation, the number that is compared. Absent: Apollo's own limit. */
  evaluatedPlansMax?: number;
}

/** Builds Apollo's planner for a supergraph with its keys in order and its synthetic fields. */
export function apolloPlanner(supergraphSdl: string, { evaluatedPlansMax }: PlanningEffort = {}): PlanText {
  const supergraph = Supergraph.build(supergraphSdl, {
    supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES,
    validateSupergraph: false,
  });
  const planner = new QueryPlanner(supergraph, {
    exposeDocumentNodeInFetchNode: false,
    reuseQueryFragments: false,
    incrementalDelivery: { enableDefer: true },
    ...(evaluatedPlansMax !== undefined && { debug: { maxEvaluatedPlans: evaluatedPlansMax } }),
  });
  const schema = supergraph.apiSchema();
  return (document, operationName, overrides) => {
    try {
      return planner.buildQueryPlan(
        operationFromDocument(schema, parse(document, { noLocation: true }), {
          ...(operationName !== null && { operationName }),
          validate: false,
        }),
        { overrideConditions: new Map(overrides.map((label) => [label, true])) },
      );
    } catch (error) {
      if (error instanceof GraphQLError)
        throw new CodedError("OPERATION_NOT_RESOLVABLE", error.message, {}, { cause: error });
      throw error;
    }
  };
}
