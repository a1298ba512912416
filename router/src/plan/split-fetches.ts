import { Kind, type FieldNode, type SelectionNode, type SelectionSetNode } from "graphql";
import type { PlannedFetch } from "./fetch-plan.ts";

/**
 * Puts several fetches in the place of each, in numbers of their own: what waited for it waits for all of them. Only what
 * was put off to a deferred part is waited for by that part alone, and by those for which `mayWait` allows it.
 */
export function splitFetches(
  fetches: readonly PlannedFetch[],
  split: (fetch: PlannedFetch) => readonly PlannedFetch[],
  mayWait: (part: string | null, other: string | null) => boolean = () => true,
): PlannedFetch[] {
  const all: PlannedFetch[] = [];
  /** Old id → the fetches that stand for it. */
  const renumbered = new Map<number, readonly PlannedFetch[]>();
  const putOff = new Set<PlannedFetch>();
  for (const fetch of fetches) {
    const before = fetch.after.flatMap((id) => renumbered.get(id)!);
    const parts = split(fetch).map((part, index) => {
      const waitsFor = (other: PlannedFetch) =>
        !putOff.has(other) || mayWait(part.deferredTo ?? null, other.deferredTo ?? null);
      const after = before.filter(waitsFor).map(({ id }) => id);
      return { ...part, id: all.length + index, after };
    });
    for (const part of parts) if (part.deferredTo !== fetch.deferredTo) putOff.add(part);
    renumbered.set(fetch.id, parts);
    all.push(...parts);
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
