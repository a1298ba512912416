import { print } from "graphql";
import type { PlannedFetch } from "./fetch-plan.ts";

/** Fetches that send the same kind of representation for the same selection: one list of entities serves all of them. */
interface RequestPart {
  /** Equal in all but path and conditions. */
  fetches: readonly PlannedFetch[];
}

/** One HTTP request to a subgraph: a root fetch, or one or more lists of entities. */
export interface PlannedRequest {
  id: number;
  subgraph: string;
  kind: PlannedFetch["kind"];
  parts: readonly RequestPart[];
  /** The label of the `@defer` whose part of the answer it is for; absent: the part that comes at once. */
  deferredTo?: string;
  /** Ids of the requests that must be over before; all smaller than `id`. */
  after: readonly number[];
}

/**
 * Puts fetches of one subgraph that can travel together into one request. A fetch that nothing waits for may go later,
 * with the last request that its subgraph gets anyway. Each request waits only for what its own parts need.
 */
export function batchRequests(fetches: readonly PlannedFetch[]): PlannedRequest[] {
  const isMutation = fetches.some((fetch) => fetch.kind === "mutation");
  const levels = isMutation ? fetches.map(({ id }) => id) : travelLevels(fetches);
  const groups = new Map<string, PlannedFetch[]>();
  for (const fetch of fetches) {
    const key = fetch.requires === null ? `fetch ${fetch.id}` : `${levels[fetch.id]} ${callOf(fetch)}`;
    groups.set(key, [...(groups.get(key) ?? []), fetch]);
  }
  const ordered = [...groups.values()].sort((left, right) => levels[left[0]!.id]! - levels[right[0]!.id]!);
  const requestOf = new Map(ordered.flatMap((group, id) => group.map((fetch) => [fetch.id, id] as const)));
  return ordered.map((group, id) => ({
    id,
    subgraph: group[0]!.subgraph,
    kind: group[0]!.kind,
    ...(group[0]!.deferredTo !== undefined && { deferredTo: group[0]!.deferredTo }),
    parts: group[0]!.requires === null ? [{ fetches: group }] : shareLists(group),
    after: [...new Set(group.flatMap((fetch) => fetch.after.map((before) => requestOf.get(before)!)))],
  }));
}

/** What may travel together: fetches of one subgraph for one part of the answer, which must not wait for another part. */
function callOf({ subgraph, deferredTo }: PlannedFetch): string {
  return JSON.stringify([subgraph, deferredTo]);
}

/** The level at which each fetch travels, by its id: 0 waits for nothing. */
function travelLevels(fetches: readonly PlannedFetch[]): number[] {
  const levels: number[] = [];
  const awaited = new Set<number>();
  for (const { id, after } of fetches) {
    levels[id] = after.length === 0 ? 0 : Math.max(...after.map((before) => levels[before]!)) + 1;
    for (const before of after) awaited.add(before);
  }
  const lastCall = new Map<string, number>();
  const entityFetches = fetches.filter(({ requires }) => requires !== null);
  for (const fetch of entityFetches) {
    const call = callOf(fetch);
    lastCall.set(call, Math.max(lastCall.get(call) ?? 0, levels[fetch.id]!));
  }
  for (const fetch of entityFetches) if (!awaited.has(fetch.id)) levels[fetch.id] = lastCall.get(callOf(fetch))!;
  return levels;
}

function shareLists(fetches: readonly PlannedFetch[]): RequestPart[] {
  const lists = new Map<string, PlannedFetch[]>();
  for (const fetch of fetches) {
    const { requires, inputRewrites, outputRewrites } = fetch;
    const contexts = fetch.contexts.map(({ definition, sources }) => [definition.variable.name.value, sources]);
    const key = `${print(fetch.selection)}${JSON.stringify({ requires, inputRewrites, outputRewrites, contexts })}`;
    lists.set(key, [...(lists.get(key) ?? []), fetch]);
  }
  return [...lists.values()].map((list) => ({ fetches: list }));
}
