import type { Pool, PoolClient } from "pg";
import { CloseSeries } from "../domain/close-series.ts";
import type { BarInterval } from "../domain/rule.ts";
import type { Watch } from "../domain/watch.ts";

/** Bars of a second come again within a minute: their closes are not worth keeping. */
const NOT_KEPT = "S1/";

interface SavedCloses {
  key: string;
  closes: string;
  openedAt: string;
}

/** The closes that RSI rules need, in PostgreSQL as of the consumer's positions. */
export async function restoreCloses(pool: Pool, watch: Watch): Promise<void> {
  const { rows } = await pool.query<{ symbol: string; interval: BarInterval; closes: number[]; opened_at: Date }>(
    "SELECT symbol, interval, closes, opened_at FROM closes",
  );
  // As events write it: the two are compared as text.
  for (const { symbol, interval, closes, opened_at } of rows)
    watch.restore(interval, symbol, new CloseSeries(closes, opened_at.toISOString().replace(".000Z", "Z")));
}

/** The closes as they stand now, to be saved later. */
export function closesOf(watch: Watch, keys: Iterable<string>): SavedCloses[] {
  const kept = [...keys].filter((key) => !key.startsWith(NOT_KEPT));
  return kept.map((key) => {
    const { closes, openedAt } = watch.seriesOf(key)!;
    return { key, closes: closes.join(" "), openedAt };
  });
}

export async function saveCloses(client: PoolClient, saved: readonly SavedCloses[]): Promise<void> {
  if (saved.length === 0) return;
  await client.query(
    `INSERT INTO closes (interval, symbol, closes, opened_at)
     SELECT split_part(key, '/', 1), substr(key, strpos(key, '/') + 1), string_to_array(closes, ' ')::float8[], opened_at
     FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS c(key, closes, opened_at)
     ON CONFLICT (symbol, interval) DO UPDATE SET closes = excluded.closes, opened_at = excluded.opened_at`,
    [saved.map(({ key }) => key), saved.map(({ closes }) => closes), saved.map(({ openedAt }) => openedAt)],
  );
}
