import type { Pool, PoolClient } from "pg";
import type { DayOpen } from "../domain/day-opens.ts";
import type { Watch } from "../domain/watch.ts";

/** The opens that CHANGE_PERCENT rules are measured from, in PostgreSQL as of the consumer's positions. */
export async function restoreDayOpens(pool: Pool, watch: Watch): Promise<void> {
  const { rows } = await pool.query<{ symbol: string; day: string; open_e9: string }>(
    "SELECT symbol, day::text AS day, open_e9::text AS open_e9 FROM day_opens",
  );
  for (const { symbol, day, open_e9 } of rows) watch.restoreDayOpen(symbol, { day, openE9: BigInt(open_e9) });
}

export async function saveDayOpens(client: PoolClient, opens: ReadonlyMap<string, DayOpen>): Promise<void> {
  if (opens.size === 0) return;
  await client.query(
    `INSERT INTO day_opens (symbol, day, open_e9) SELECT * FROM unnest($1::text[], $2::date[], $3::numeric[])
     ON CONFLICT (symbol) DO UPDATE SET day = excluded.day, open_e9 = excluded.open_e9`,
    [
      [...opens.keys()],
      [...opens.values()].map(({ day }) => day),
      [...opens.values()].map(({ openE9 }) => openE9.toString()),
    ],
  );
}
