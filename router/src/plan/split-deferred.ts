import { isAbstractType, type FieldNode } from "graphql";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";
import type { PlannedFetch } from "./fetch-plan.ts";
import type { Need, NeededFields } from "./needed-fields.ts";
import { selectedFields, type SelectedField } from "./selected-fields.ts";
import { keepFields } from "./split-fetches.ts";
import { allOf } from "./verify/guards.ts";

/**
 * What an entity fetch brings for deferred parts only is fetched for these by fetches of their own: Apollo's planner may ask
 * for it along with the type of an object that a subgraph knows as an interface only, and a null of it would take that
 * object, which comes at once.
 */
export function splitDeferred(
  supergraph: RouterSupergraph,
  needed: NeededFields,
  fetch: PlannedFetch,
): readonly PlannedFetch[] {
  if (!needed.isInParts() || fetch.requires === null || fetch.deferredTo !== undefined) return [fetch];
  const atOnce = new Set<FieldNode>();
  const deferred = new Map<string, Set<FieldNode>>();
  for (const field of selectedFields(fetch.selection.selections, "", fetch.conditions)) {
    const labels = labelsOf(needsOf(supergraph, needed, fetch, field));
    if (labels.length === 0) atOnce.add(field.node);
    else for (const label of labels) deferred.set(label, (deferred.get(label) ?? new Set()).add(field.node));
  }
  if (deferred.size === 0) return [fetch];
  const parts = [...deferred].map(([deferredTo, fields]) => ({
    ...fetch,
    deferredTo,
    selection: keepFields(fetch.selection, fields),
  }));
  return atOnce.size === 0 ? parts : [{ ...fetch, selection: keepFields(fetch.selection, atOnce) }, ...parts];
}

function needsOf(
  { fullSchema }: RouterSupergraph,
  needed: NeededFields,
  { path }: PlannedFetch,
  { node, on, guard }: SelectedField,
): readonly Pick<Need, "deferredTo">[] {
  // Which parts of an object will come has to be known with the object.
  if (node.name.value === "__typename") return needed.objectsAt(path);
  const type = fullSchema.getType(on);
  const typeNames = isAbstractType(type) ? fullSchema.getPossibleTypes(type).map(({ name }) => name) : [on];
  const name = (node.alias ?? node.name).value;
  return typeNames
    .flatMap((typeName) => needed.of(path, typeName).get(name) ?? [])
    .filter((need) => allOf([need.guard], [guard]).length > 0);
}

/** The deferred parts that need a field; none where what comes at once does too. */
function labelsOf(needs: readonly Pick<Need, "deferredTo">[]): string[] {
  const labels = needs.flatMap(({ deferredTo }) => deferredTo ?? []);
  return labels.length === needs.length ? [...new Set(labels)] : [];
}
