import { print } from "graphql";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";
import { settleOverrides } from "../supergraph/settle-overrides.ts";
import { batchRequests, type PlannedRequest } from "./batch-requests.ts";
import { CodedError } from "@mib/service/coded-error";
import { deferredLabels } from "./deferred-labels.ts";
import type { FetchPlan, PlannedFetch } from "./fetch-plan.ts";
import { keepObjects } from "./keep-objects.ts";
import { lowerPlan } from "./lower-plan.ts";
import { narrowFetch } from "./narrow-fetch.ts";
import { NeededFields } from "./needed-fields.ts";
import type { NormalizedOperation } from "./normalize-operation.ts";
import { nestConditions } from "./nest-conditions.ts";
import { repairPlan } from "./repair/repair-plan.ts";
import { waitForSources } from "./repair/wait-for-sources.ts";
import { separateShapes } from "./separate-shapes.ts";
import { splitConflicts } from "./split-conflicts.ts";
import { splitFetches } from "./split-fetches.ts";
import { verifyPlan, type SentTypes } from "./verify/verify-plan.ts";

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
  const check = (plan: FetchPlan): CheckedPlan => {
    const fetches = plan.fetches.map((fetch) => {
      const separate = separateShapes(supergraph.fullSchema, fetch, rootType);
      return { ...separate, selection: nestConditions(separate.selection) };
    });
    const separated = { source: plan.source, fetches };
    return { plan, separated, sentTypes: verifyPlan(supergraph, normalized, separated) };
  };
  const labels = deferredLabels(normalized.operation);
  const made = ({ fetches, source }: FetchPlan): FetchPlan => ({
    source,
    fetches: splitConflicts(waitForSources(fetches, labels), supergraph.requirementsOf),
  });
  const planned = made(lowered);
  const checked = held(() => check(planned)) ?? check(made(repairPlan(supergraph, rootType, planned)));
  const narrowed = narrow(supergraph, normalized, checked);
  return (narrowed && held(() => check(narrowed))?.separated) ?? checked.separated;
}

/** A plan that holds. */
interface CheckedPlan {
  plan: FetchPlan;
  /** As it is made. */
  separated: FetchPlan;
  sentTypes: SentTypes;
}

/** Null for a plan that does not hold. */
function held(check: () => CheckedPlan): CheckedPlan | null {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return null;
  }
}

/** The plan without what it asks for of objects of which that is not needed, or not at once; null where that is nothing. */
function narrow(
  supergraph: RouterSupergraph,
  normalized: NormalizedOperation,
  { plan: { fetches, source }, sentTypes }: CheckedPlan,
): FetchPlan | null {
  const needed = new NeededFields(supergraph, normalized, fetches);
  let isNarrower = false;
  const split = (fetch: PlannedFetch) => {
    const parts = narrowFetch(supergraph, needed, fetch, sentTypes);
    isNarrower ||= parts.length !== 1 || parts[0] !== fetch;
    return parts;
  };
  const narrowed = splitFetches(fetches, split, (part, other) => needed.mayWait(part, other));
  return isNarrower ? { source, fetches: narrowed } : null;
}
