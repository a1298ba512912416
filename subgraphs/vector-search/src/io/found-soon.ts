import type { Arrivals } from "./arrivals.ts";

/**
 * What is stored by id, null where there is none. What is announced elsewhere may reach us a moment before it is stored here:
 * so long is waited before we say that there is none.
 */
export async function foundSoon<Item>(
  store: { byIds(ids: readonly string[]): Promise<(Item | null)[]> },
  arrivals: Arrivals,
  ids: readonly string[],
  waitMsMax: number,
): Promise<(Item | null)[]> {
  const found = await store.byIds(ids);
  const missing = ids.filter((_, index) => found[index] === null);
  if (missing.length === 0) return found;
  const waited = arrivals.wait(missing, waitMsMax);
  // Read again only after we listen: what was stored between the two would not be announced any more.
  const soon = await store.byIds(missing);
  const stillMissing = missing.filter((_, index) => soon[index] === null);
  if (stillMissing.length === 0) return store.byIds(ids);
  await waited;
  return store.byIds(ids);
}
