import type { Service } from "@mib/service/run";
import pg from "pg";

/**
 * Waits until this process is the only one that evaluates rules: an advisory lock that lives as long as its connection. When
 * that breaks, another process may have taken over, so this one ends and is started anew.
 */
export async function waitForLeadership(service: Service, databaseUrl: string): Promise<void> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: "notification-leader",
    keepAlive: true,
  });
  await client.connect();
  const onLost = (error?: Error) => {
    if (!service.shutdownSignal.aborted)
      service.fail(
        error ?? new Error("the connection ended"),
        "no longer sure to be the only one that evaluates rules",
      );
  };
  client.on("error", onLost);
  client.on("end", () => onLost());
  await client.query("SELECT pg_advisory_lock(hashtextextended('notification:evaluation', 0))");
  // Whoever led before may be dead with its last transaction still under way: what is read from here on is behind it.
  await client.query("BEGIN; LOCK TABLE notification.consumer_positions IN EXCLUSIVE MODE; COMMIT");
  service.onShutdown("leadership", () => client.end());
}
