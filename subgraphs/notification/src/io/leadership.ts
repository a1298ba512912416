import type { Service } from "@mib/service/run";
import { openLockSession } from "@mib/subgraph-server/lock-session";

/**
 * Waits until this process is the only one that evaluates rules: an advisory lock that lives as long as its connection. When
 * that breaks, or says nothing any more, another process may have taken over, so this one ends and is started anew.
 */
export async function waitForLeadership(
  service: Service,
  databaseUrl: string,
  watch: { askMs?: number; answerMsMax?: number } = {},
): Promise<void> {
  const { client, keep } = await openLockSession(service, databaseUrl, { name: "notification-leader", ...watch });
  await client.query("SELECT pg_advisory_lock(hashtextextended('notification:evaluation', 0))");
  // Whoever led before may be dead with its last transaction still under way: what is read from here on is behind it.
  await client.query("BEGIN; LOCK TABLE notification.consumer_positions IN EXCLUSIVE MODE; COMMIT");
  keep("no longer sure to be the only one that evaluates rules");
}
