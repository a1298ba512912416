import type { RouterSupergraph } from "../../supergraph/router-supergraph.ts";
import type { FetchPlan, PlannedFetch } from "../fetch-plan.ts";
import type { NormalizedOperation } from "../normalize-operation.ts";
import { checkCoverage } from "./check-coverage.ts";
import { sentUnder } from "./check-inputs.ts";
import { contextsOfVariables } from "./context-arguments.ts";
import { FetchedData } from "./fetched-data.ts";
import { ResolvableFields } from "./resolvable-fields.ts";
import { unresolvable } from "./unresolvable.ts";

/** The types of the objects that each entity fetch sends, by its id. */
export type SentTypes = ReadonlyMap<number, readonly string[]>;

/**
 * Trusts no plan: throws a CodedError unless each fetch asks its subgraph only for what that can resolve, gets its inputs
 * from the fetches that it waits for, and all of them together bring what the client selects.
 */
export function verifyPlan(supergraph: RouterSupergraph, normalized: NormalizedOperation, plan: FetchPlan): SentTypes {
  const rootType = supergraph.fullSchema.getRootType(normalized.operation.operation)!.name;
  const queryType = supergraph.fullSchema.getQueryType()!.name;
  const data = new FetchedData(supergraph, rootType, plan);
  if (plan.source) {
    checkSelection(supergraph, { ...plan.source, requires: null }, rootType);
    contextsOfVariables(supergraph, plan.source, rootType);
  }
  const sentTypes = new Map<number, readonly string[]>();
  const before: ReadonlySet<number>[] = [];
  for (const fetch of plan.fetches) {
    const { id, requires, path } = fetch;
    const typeName = requires ? null : path.length === 0 ? rootType : queryType;
    checkSelection(supergraph, fetch, typeName);
    const contexts = contextsOfVariables(supergraph, fetch, typeName);
    before[id] = new Set(fetch.after.flatMap((each) => [each, ...before[each]!]));
    const sent = sentUnder(supergraph, data, { fetch, contexts, before: before[id] });
    sentTypes.set(id, [...sent.keys()]);
    data.add(fetch, sent);
  }
  checkCoverage(supergraph, normalized, data, plan.fetches);
  return sentTypes;
}

/** `typeName` is null for entities, whose selection says the type itself. */
function checkSelection(
  supergraph: RouterSupergraph,
  { subgraph, selection, requires }: Pick<PlannedFetch, "subgraph" | "selection" | "requires">,
  typeName: string | null,
): void {
  const joined = supergraph.joinedSchemas.get(subgraph);
  if (!joined) throw unresolvable(`No plan was found: there is no subgraph "${subgraph}"`);
  const missing = new ResolvableFields(supergraph, joined).firstMissing(typeName, selection, [], requires);
  if (missing !== null) throw unresolvable(`No plan was found: the subgraph "${subgraph}" cannot resolve "${missing}"`);
}
