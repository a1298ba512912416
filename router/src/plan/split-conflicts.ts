import { Kind, type FieldNode, type SelectionNode } from "graphql";
import type { PlannedFetch, RequiredSelection } from "./fetch-plan.ts";
import { keepFields, splitFetches } from "./split-fetches.ts";

/** The names in the data that a field of an entity needs beyond its key: its `@requires`, flattened. */
export type RequirementsOf = (typeName: string, fieldName: string, subgraph: string) => ReadonlySet<string>;

/**
 * A representation has one place per field name. Where a fetch must send two values under one name (two `@requires` of the
 * same field with different arguments), it becomes several fetches: each output field beside the inputs that it asked for.
 */
export function splitConflicts(fetches: readonly PlannedFetch[], requirementsOf: RequirementsOf): PlannedFetch[] {
  return splitFetches(fetches, (fetch) => splitFetch(fetch, requirementsOf));
}

function splitFetch(fetch: PlannedFetch, requirementsOf: RequirementsOf): PlannedFetch[] {
  if (!fetch.requires) return [fetch];
  const conflicts = conflictingReads(fetch.requires);
  if (conflicts.size === 0) return [fetch];

  const groups: { needs: Map<string, string>; wants: Set<FieldNode> }[] = [];
  for (const { typeName, field } of outputFields(fetch.selection.selections, "")) {
    const needs = new Map<string, string>();
    for (const read of requirementsOf(typeName, field.name.value, fetch.subgraph)) {
      const write = conflicts.get(read);
      if (write !== undefined) needs.set(write, read);
    }
    const fits = groups.find((group) => [...needs].every(([write, read]) => (group.needs.get(write) ?? read) === read));
    const group = fits ?? { needs: new Map(), wants: new Set() };
    if (!fits) groups.push(group);
    for (const [write, read] of needs) group.needs.set(write, read);
    group.wants.add(field);
  }
  return groups.map(({ needs, wants }) => {
    const needed = new Set(needs.values());
    return {
      ...fetch,
      requires: keepReads(fetch.requires!, (read) => !conflicts.has(read) || needed.has(read)),
      selection: keepFields(fetch.selection, wants),
    };
  });
}

/** What is read under several names and written under one, as read name → written name. */
function conflictingReads(selections: readonly RequiredSelection[]): Map<string, string> {
  const conflicts = new Map<string, string>();
  const visit = (level: readonly RequiredSelection[]) => {
    const reads = new Map<string, Set<string>>();
    const collect = (inner: readonly RequiredSelection[]) => {
      for (const selection of inner) {
        if (selection.kind === "fragment") collect(selection.selections);
        else {
          reads.set(selection.write, (reads.get(selection.write) ?? new Set()).add(selection.read));
          if (selection.selections) visit(selection.selections);
        }
      }
    };
    collect(level);
    for (const [write, names] of reads) if (names.size > 1) for (const read of names) conflicts.set(read, write);
  };
  visit(selections);
  return conflicts;
}

function* outputFields(
  selections: readonly SelectionNode[],
  typeName: string,
): Generator<{ typeName: string; field: FieldNode }> {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) yield { typeName, field: selection };
    else if (selection.kind === Kind.INLINE_FRAGMENT) {
      yield* outputFields(selection.selectionSet.selections, selection.typeCondition?.name.value ?? typeName);
    }
  }
}

function keepReads(selections: readonly RequiredSelection[], keep: (read: string) => boolean): RequiredSelection[] {
  return selections.flatMap((selection): RequiredSelection[] => {
    if (selection.kind === "field" && !keep(selection.read)) return [];
    if (!selection.selections) return [selection];
    const inner = keepReads(selection.selections, keep);
    return inner.length > 0 ? [{ ...selection, selections: inner }] : [];
  });
}
