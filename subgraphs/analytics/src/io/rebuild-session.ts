import type { Logger } from "@mib/service/log";
import { SERVER_KEEPALIVE } from "@mib/subgraph-server/lock-session";
import { migrate } from "@mib/subgraph-server/migrations";
import pg from "pg";
import { lockForRebuild } from "./rebuild-lock.ts";

/** Millions of bars are written in one statement. */
const STATEMENT_MS_MAX = 900_000;
const LOCK_MS_MAX = 60_000;

/**
 * The one connection that a rebuild does everything with: it holds the lock, so when it breaks nothing can be written any
 * more. The schema is migrated, and what an ended process had under way is over.
 */
export async function openRebuildSession(databaseUrl: string, log: Logger): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: "analytics-rebuild",
    options: `${SERVER_KEEPALIVE} -c search_path=analytics -c timezone=UTC -c statement_timeout=${STATEMENT_MS_MAX} -c lock_timeout=${LOCK_MS_MAX}`,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    query_timeout: STATEMENT_MS_MAX + 5_000,
  });
  // The next statement fails and says so; without a listener this would end the process.
  client.on("error", (error) => log.error({ err: error }, "the connection to PostgreSQL broke"));
  await client.connect();
  try {
    await lockForRebuild(client);
    await migrate({
      url: databaseUrl,
      schema: "analytics",
      folder: new URL("../../migrations/", import.meta.url),
      log,
    });
    await client.query("BEGIN; LOCK TABLE windows, bars, consumer_positions IN EXCLUSIVE MODE; COMMIT");
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
}
