import { Kind, type FieldNode, type SelectionNode, type SelectionSetNode } from "graphql";
import type { PlannedFetch } from "./fetch-plan.ts";

/** Puts several fetches in the place of each, in numbers of their own: what waited for it waits for all of them. */
export function splitFetches(
  fetches: readonly PlannedFetch[],
  split: (fetch: PlannedFetch) => readonly PlannedFetch[],
): PlannedFetch[] {
  const all: PlannedFetch[] = [];
  /** Old id → the new ids that stand for it. */
  const renumbered = new Map<number, number[]>();
  for (const fetch of fetches) {
    const parts = split(fetch);
    renumbered.set(
      fetch.id,
      parts.map((_, index) => all.length + index),
    );
    const after = fetch.after.flatMap((id) => renumbered.get(id)!);
    for (const part of parts) all.push({ ...part, id: all.length, after });
  }
  return all;
}

/** A selection with those of the fields on its objects that are wanted. */
export function keepFields(selectionSet: SelectionSetNode, wanted: ReadonlySet<FieldNode>): SelectionSetNode {
  return {
    ...selectionSet,
    selections: selectionSet.selections.flatMap((selection): SelectionNode[] => {
      if (selection.kind === Kind.FIELD) return wanted.has(selection) ? [selection] : [];
      if (selection.kind !== Kind.INLINE_FRAGMENT) return [selection];
      const inner = keepFields(selection.selectionSet, wanted);
      return inner.selections.length > 0 ? [{ ...selection, selectionSet: inner }] : [];
    }),
  };
}
