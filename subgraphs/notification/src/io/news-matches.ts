import type { PoolClient } from "pg";
import { notificationOfMatch, type NewsMatch } from "../domain/news-match.ts";
import type { Notification } from "../domain/notification.ts";
import type { NewsWatchStore } from "./news-watch-store.ts";

/**
 * What matches leave in inboxes, by the watches as they stand in this transaction: one that was deleted or changed since it
 * was looked for leaves nothing.
 */
export async function notificationsOfMatches(
  client: PoolClient,
  store: NewsWatchStore,
  matches: readonly NewsMatch[],
): Promise<Notification[]> {
  if (matches.length === 0) return [];
  const found = await store.byIds([...new Set(matches.map(({ watch }) => watch))], client);
  const watches = new Map(found.map((watch) => [watch.id, watch]));
  return matches.flatMap((match) => {
    const watch = watches.get(match.watch);
    return watch === undefined || watch.version !== match.version ? [] : [notificationOfMatch(match, watch)];
  });
}
