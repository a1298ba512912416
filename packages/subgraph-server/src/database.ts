import type { Service } from "@mib/service/run";
import pg from "pg";
import { migrate } from "./migrations.ts";

export type Database = pg.Pool;
/** A connection inside a transaction, or the pool: both can be asked. */
export type Queryable = Pick<pg.PoolClient, "query">;

const QUERY_MS_MAX = 20_000;

/**
 * Opens a pool whose connections see only this subgraph's schema, with its migrations applied. It is part of `/ready`
 * and closes at shutdown, after everything that was registered later.
 */
export async function openDatabase(
  service: Service,
  options: { url: string; schema: string; migrations: URL; connectionsMax?: number; queryMsMax?: number },
): Promise<Database> {
  await migrate({ url: options.url, schema: options.schema, folder: options.migrations, log: service.log });
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connectionsMax ?? 10,
    options: `-c search_path=${options.schema} -c statement_timeout=15000 -c idle_in_transaction_session_timeout=30000 -c timezone=UTC`,
    connectionTimeoutMillis: 5_000,
    // Longer than the server gives a statement: it ends what the network swallowed, which no server answers any more.
    query_timeout: options.queryMsMax ?? QUERY_MS_MAX,
    keepAlive: true,
    idleTimeoutMillis: 60_000,
    application_name: service.name,
  });
  // A connection that breaks while it is idle is replaced; without a listener it would end the process.
  pool.on("error", (error) => service.log.warn({ err: error }, "an idle database connection broke"));
  service.health.check("postgresql", async () => void (await pool.query("SELECT 1")));
  service.onShutdown("database", () => pool.end());
  return pool;
}
