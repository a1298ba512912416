import { Kind, type SelectionSetNode } from "graphql";
import { typeOfStep } from "../../execute/type-condition.ts";
import { isBefore, type DeferredLabels } from "../deferred-labels.ts";
import type { PlannedFetch } from "../fetch-plan.ts";
import { pathAbove } from "../path-above.ts";

/**
 * Lets each fetch wait for all that bring the values of its contexts and the objects it is for, but for those that wait for it
 * themselves. Where objects of one path come from several fetches, as behind fields that two types of a union have, Apollo's
 * planner waits for some of them only; a fetch that brings a context's value it makes at the same time.
 */
export function waitForSources(fetches: readonly PlannedFetch[], labels: DeferredLabels): readonly PlannedFetch[] {
  const before = allBefore(fetches);
  const added = fetches.map((): number[] => []);
  for (const bringsSource of [bringsContext, bringsObjects])
    for (const fetch of fetches)
      for (const other of fetches) {
        const isApart = other !== fetch && !before[fetch.id]!.has(other.id) && !before[other.id]!.has(fetch.id);
        if (!isApart || !isBefore(labels, other.deferredTo ?? null, fetch.deferredTo ?? null)) continue;
        if (!bringsSource(other, fetch)) continue;
        added[fetch.id]!.push(other.id);
        for (const [id, own] of before.entries())
          if (id === fetch.id || own.has(fetch.id)) for (const each of [other.id, ...before[other.id]!]) own.add(each);
      }
  if (added.every((ids) => ids.length === 0)) return fetches;
  return inOrder(fetches.map((fetch) => ({ ...fetch, after: [...fetch.after, ...added[fetch.id]!] })));
}

/** For each fetch, by its id, the ids of those that are over when it begins. */
function allBefore(fetches: readonly PlannedFetch[]): Set<number>[] {
  const before: Set<number>[] = [];
  for (const { id, after } of fetches) before[id] = new Set(after.flatMap((each) => [each, ...before[each]!]));
  return before;
}

function bringsObjects(other: PlannedFetch, { requires, path }: PlannedFetch): boolean {
  return requires !== null && other.path.length < path.length && brings(other, path);
}

function bringsContext(other: PlannedFetch, { contexts, path }: PlannedFetch): boolean {
  const sources = contexts.flatMap((each) => each.sources);
  return sources.some((source) => {
    const field = source.path.find((step) => typeOfStep(step) === null) ?? "";
    return brings(other, [...pathAbove(path, source.up), field]);
  });
}

function brings({ path, selection }: PlannedFetch, wanted: readonly string[]): boolean {
  if (!path.every((step, index) => wanted[index] === step)) return false;
  return selects(
    selection,
    wanted.slice(path.length).filter((step) => step !== "@"),
  );
}

function selects({ selections }: SelectionSetNode, [name, ...rest]: readonly string[]): boolean {
  return selections.some((selection) => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return selects(selection.selectionSet, [name!, ...rest]);
    if (selection.kind !== Kind.FIELD || (selection.alias ?? selection.name).value !== name) return false;
    return rest.length === 0 || (selection.selectionSet !== undefined && selects(selection.selectionSet, rest));
  });
}

/** Numbers them anew, each after those that it waits for. */
function inOrder(fetches: readonly PlannedFetch[]): readonly PlannedFetch[] {
  const numbers = new Map<number, number>();
  const ordered: PlannedFetch[] = [];
  while (ordered.length < fetches.length) {
    const next = fetches.find(({ id, after }) => !numbers.has(id) && after.every((before) => numbers.has(before)))!;
    numbers.set(next.id, ordered.length);
    ordered.push({ ...next, id: ordered.length, after: next.after.map((before) => numbers.get(before)!) });
  }
  return ordered;
}
