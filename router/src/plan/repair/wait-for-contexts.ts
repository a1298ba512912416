import { Kind, type SelectionSetNode } from "graphql";
import { typeOfStep } from "../../execute/type-condition.ts";
import { isBefore, type DeferredLabels } from "../deferred-labels.ts";
import type { PlannedFetch } from "../fetch-plan.ts";
import { pathAbove } from "../path-above.ts";

/**
 * Lets each fetch wait for those that bring the values of its contexts: Apollo's planner makes them at the same time where
 * the values come from a fetch of their own.
 */
export function waitForContexts(fetches: readonly PlannedFetch[], labels: DeferredLabels): readonly PlannedFetch[] {
  if (fetches.every(({ contexts }) => contexts.length === 0)) return fetches;
  const waiting = fetches.map((fetch) => ({
    ...fetch,
    after: [...new Set([...fetch.after, ...bringersOf(fetch, fetches, labels)])],
  }));
  return inOrder(waiting) ?? fetches;
}

function bringersOf(fetch: PlannedFetch, fetches: readonly PlannedFetch[], labels: DeferredLabels): number[] {
  const sources = fetch.contexts.flatMap((each) => each.sources);
  return fetches
    .filter((other) => other !== fetch && isBefore(labels, other.deferredTo ?? null, fetch.deferredTo ?? null))
    .filter((other) =>
      sources.some(({ up, path }) => {
        const field = path.find((step) => typeOfStep(step) === null) ?? "";
        return brings(other, [...pathAbove(fetch.path, up), field]);
      }),
    )
    .map(({ id }) => id);
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

/** Numbers them anew, each after those that it waits for; null when some wait for each other. */
function inOrder(fetches: readonly PlannedFetch[]): readonly PlannedFetch[] | null {
  const numbers = new Map<number, number>();
  const ordered: PlannedFetch[] = [];
  while (ordered.length < fetches.length) {
    const next = fetches.find(({ id, after }) => !numbers.has(id) && after.every((before) => numbers.has(before)));
    if (!next) return null;
    numbers.set(next.id, ordered.length);
    ordered.push({ ...next, id: ordered.length, after: next.after.map((before) => numbers.get(before)!) });
  }
  return ordered;
}
