import { setTimeout as wait } from "node:timers/promises";
import type pg from "pg";

export interface TransactionOptions {
  isolation?: "READ COMMITTED" | "REPEATABLE READ" | "SERIALIZABLE";
  attemptsMax?: number;
}

/** serialization_failure and deadlock_detected: nothing happened, and the same again may succeed. */
const RETRIED = new Set(["40001", "40P01"]);
const BACKOFF_MS = 10;

/**
 * Runs `work` in a transaction: all of it or nothing. When PostgreSQL asks for another attempt the whole of `work` runs
 * again, so it must have no effect outside of the transaction.
 */
export async function inTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
  { isolation = "READ COMMITTED", attemptsMax = 5 }: TransactionOptions = {},
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runOnce(pool, work, isolation);
    } catch (error) {
      if (attempt >= attemptsMax || !RETRIED.has((error as { code?: string }).code ?? "")) throw error;
      await wait(BACKOFF_MS * 2 ** attempt * Math.random());
    }
  }
}

async function runOnce<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
  isolation: string,
): Promise<Result> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // A connection that breaks tells its statement and says so once more; that nobody listens would end the process.
  const note = (error: Error) => (broken = error);
  client.on("error", note);
  try {
    await client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(note);
    throw error;
  } finally {
    client.off("error", note);
    // A connection that could not roll back is in an unknown state and is thrown away.
    client.release(broken);
  }
}
