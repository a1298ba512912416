import { print } from "graphql";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";
import { settleOverrides } from "../supergraph/settle-overrides.ts";
import { batchRequests, type PlannedRequest } from "./batch-requests.ts";
import { CodedError } from "@mib/service/coded-error";
import type { FetchPlan } from "./fetch-plan.ts";
import { keepObjects } from "./keep-objects.ts";
import { lowerPlan } from "./lower-plan.ts";
import type { NormalizedOperation } from "./normalize-operation.ts";
import { nestConditions } from "./nest-conditions.ts";
import { repairPlan } from "./repair/repair-plan.ts";
import { separateShapes } from "./separate-shapes.ts";
import { splitConflicts } from "./split-conflicts.ts";
import { verifyPlan } from "./verify/verify-plan.ts";

export interface OperationPlan {
  /** The requests to subgraphs, each after those that it waits for. */
  requests: readonly PlannedRequest[];
  source: FetchPlan["source"];
}

/**
 * Plans with Apollo's planner, repairs its plan, verifies and batches it; `overrides` are the labels that hold. Throws a
 * CodedError for an operation that cannot be answered.
 */
export async function planOperation(
  supergraph: RouterSupergraph,
  normalized: NormalizedOperation,
  overrides: readonly string[],
): Promise<OperationPlan> {
  const { document, operation } = normalized;
  const text = print(keepObjects(document));
  const apollos = await supergraph.planner.plan(text, operation.name?.value ?? null, overrides);
  const lowered = lowerPlan(apollos, supergraph.syntheticFields);
  const { overrideLabels, joinedSchemas } = supergraph;
  const settled =
    overrideLabels.length === 0
      ? supergraph
      : { ...supergraph, joinedSchemas: settleOverrides(joinedSchemas, overrides) };
  const { fetches, source } = verified(settled, normalized, lowered);
  return { requests: batchRequests(fetches), source };
}

/** The plan as the planner means it, or where that does not hold, repaired. */
function verified(supergraph: RouterSupergraph, normalized: NormalizedOperation, lowered: FetchPlan): FetchPlan {
  const rootType = supergraph.fullSchema.getRootType(normalized.operation.operation)!.name;
  const check = ({ fetches, source }: FetchPlan): FetchPlan => {
    const separated = fetches.map((fetch) => {
      const separate = separateShapes(supergraph.fullSchema, fetch, rootType);
      return { ...separate, selection: nestConditions(separate.selection) };
    });
    const plan = { source, fetches: separated };
    verifyPlan(supergraph, normalized, plan);
    return plan;
  };
  const split = ({ fetches, source }: FetchPlan): FetchPlan => ({
    source,
    fetches: splitConflicts(fetches, supergraph.requirementsOf),
  });
  const planned = split(lowered);
  try {
    return check(planned);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
  }
  return check(split(repairPlan(supergraph, rootType, planned)));
}
