import { Kind, type SelectionSetNode } from "graphql";
import type { JoinedSchema } from "../supergraph/joined-schemas.ts";
import type { PlannedFetch, RequiredSelection } from "./fetch-plan.ts";

/** By the client's name of a field, the names of those that its failure may be why they are null. */
export type ExplainingNames = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * What the failure of a field may explain: the fields of a fetch that takes it as an input, those of a fetch whose subgraph
 * requires it of an entity, because its null takes the entity's other fields along, and what in turn has these as an input.
 */
export function explainingNames(
  fetches: readonly PlannedFetch[],
  joinedSchemas: ReadonlyMap<string, JoinedSchema>,
  clientNames: ReadonlyMap<string, string>,
): ExplainingNames {
  const explained = new Map<string, Set<string>>();
  for (const { subgraph, requires, selection, outputRewrites } of fetches) {
    if (requires === null) continue;
    const brought: BroughtField[] = [];
    addBrought(joinedSchemas.get(subgraph), "", selection, brought);
    const renamed = brought.map(({ name, isRequired }) => {
      const rewrite = outputRewrites.find((each) => each.kind === "rename" && each.from === name);
      return { name: rewrite?.kind === "rename" ? rewrite.to : name, isRequired };
    });
    const reasons = new Set(renamed.filter(({ isRequired }) => isRequired).map(({ name }) => name));
    addReads(requires, reasons);
    for (const reason of reasons) {
      const names = explained.get(reason) ?? new Set();
      explained.set(reason, names);
      for (const { name } of renamed) if (name !== reason) names.add(name);
    }
  }
  // A set that grows while it is gone through hands out what comes: so it takes what its members explain, and they in turn.
  for (const names of explained.values())
    for (const name of names) for (const further of explained.get(name) ?? []) names.add(further);
  const clientName = (name: string) => clientNames.get(name) ?? name;
  const byClientName = new Map<string, Set<string>>();
  for (const [reason, names] of explained) {
    const known = byClientName.get(clientName(reason)) ?? new Set();
    byClientName.set(clientName(reason), known);
    for (const name of names) known.add(clientName(name));
  }
  return byClientName;
}

function addReads(selections: readonly RequiredSelection[], names: Set<string>): void {
  for (const selection of selections) {
    if (selection.kind === "field" && selection.read !== "__typename") names.add(selection.read);
    addReads(selection.selections ?? [], names);
  }
}

interface BroughtField {
  name: string;
  /** Whether it can be no null in the subgraph. */
  isRequired: boolean;
}

/** The fields of the entities themselves. */
function addBrought(
  types: JoinedSchema | undefined,
  typeName: string,
  { selections }: SelectionSetNode,
  brought: BroughtField[],
): void {
  for (const selection of selections) {
    if (selection.kind === Kind.INLINE_FRAGMENT)
      addBrought(types, selection.typeCondition?.name.value ?? typeName, selection.selectionSet, brought);
    if (selection.kind !== Kind.FIELD) continue;
    const field = types?.get(typeName)?.fields.get(selection.name.value);
    brought.push({ name: (selection.alias ?? selection.name).value, isRequired: field?.isRequired === true });
  }
}
