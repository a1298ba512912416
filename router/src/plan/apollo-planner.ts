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

/**
 * Builds Apollo's planner for a supergraph with its keys in order and its synthetic fields. Where one of the plans that are
 * compared breaks the planner's own assertions, the first plan that it finds is taken.
 */
export function apolloPlanner(supergraphSdl: string, effort: PlanningEffort = {}): PlanText {
  const supergraph = Supergraph.build(supergraphSdl, {
    supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES,
    validateSupergraph: false,
  });
  const planner = buildPlanner(supergraph, effort);
  let hasty: QueryPlanner | null = null;
  const schema = supergraph.apiSchema();
  return (document, operationName, overrides) => {
    const planWith = (one: QueryPlanner) =>
      one.buildQueryPlan(
        operationFromDocument(schema, parse(document, { noLocation: true }), {
          ...(operationName !== null && { operationName }),
          validate: false,
        }),
        { overrideConditions: new Map(overrides.map((label) => [label, true])) },
      );
    try {
      return planWith(planner);
    } catch (error) {
      if (error instanceof RangeError) throw error;
      if (error instanceof GraphQLError) throw notResolvable(error.message, error);
    }
    try {
      return planWith((hasty ??= buildPlanner(supergraph, { evaluatedPlansMax: 1 })));
    } catch (error) {
      if (error instanceof RangeError) throw error;
      throw notResolvable("No plan was found: the planner contradicts itself", error);
    }
  };
}

function buildPlanner(supergraph: Supergraph, { evaluatedPlansMax }: PlanningEffort): QueryPlanner {
  return new QueryPlanner(supergraph, {
    exposeDocumentNodeInFetchNode: false,
    reuseQueryFragments: false,
    incrementalDelivery: { enableDefer: true },
    ...(evaluatedPlansMax !== undefined && { debug: { maxEvaluatedPlans: evaluatedPlansMax } }),
  });
}

function notResolvable(message: string, cause: unknown): CodedError {
  return new CodedError("OPERATION_NOT_RESOLVABLE", message, {}, { cause });
}
