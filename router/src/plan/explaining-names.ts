import { Kind, type SelectionSetNode } from "graphql";
import type { JoinedSchema } from "../supergraph/joined-schemas.ts";
import type { PlannedFetch, RequiredSelection } from "./fetch-plan.ts";

/**
 * The client's names of fields whose failure may be why another field of the same object is null: what a fetch takes as an input,
 * and what a subgraph requires of an entity, because its null takes the entity's other fields along.
 */
export function explainingNames(
  fetches: readonly PlannedFetch[],
  joinedSchemas: ReadonlyMap<string, JoinedSchema>,
  clientNames: ReadonlyMap<string, string>,
): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { subgraph, requires, selection, outputRewrites } of fetches) {
    addReads(requires ?? [], names);
    if (requires === null) continue;
    addRequired(joinedSchemas.get(subgraph), "", selection, names);
    for (const rewrite of outputRewrites)
      if (rewrite.kind === "rename" && names.has(rewrite.from)) names.add(rewrite.to);
  }
  return new Set([...names].map((name) => clientNames.get(name) ?? name));
}

function addReads(selections: readonly RequiredSelection[], names: Set<string>): void {
  for (const selection of selections) {
    if (selection.kind === "field") names.add(selection.read);
    addReads(selection.selections ?? [], names);
  }
}

function addRequired(
  types: JoinedSchema | undefined,
  typeName: string,
  { selections }: SelectionSetNode,
  names: Set<string>,
): void {
  for (const selection of selections) {
    if (selection.kind === Kind.INLINE_FRAGMENT)
      addRequired(types, selection.typeCondition?.name.value ?? typeName, selection.selectionSet, names);
    if (selection.kind !== Kind.FIELD) continue;
    const field = types?.get(typeName)?.fields.get(selection.name.value);
    if (field?.isRequired) names.add((selection.alias ?? selection.name).value);
  }
}
