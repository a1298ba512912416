import type { Database, Queryable } from "@mib/subgraph-server/database";
import { canonicalDecimal } from "@mib/subgraph-server/scalars";
import { latestRevisions, type Bar, type StoredInterval } from "../domain/bar.ts";
import type { BarRange } from "../domain/bar-range.ts";
import {
  expiredPartitions,
  partitionNamed,
  partitionOf,
  type Partition,
  type RetentionDays,
} from "../domain/partitions.ts";
import type { BarHistory } from "../domain/ports.ts";
import { TablePartitions } from "./table-partitions.ts";

/** Final bars in PostgreSQL, written in bulk and read by range. */
export class PostgresBars implements BarHistory {
  readonly #database: Database;
  readonly #partitions = new TablePartitions<Partition>({
    lock: "bar partitions",
    named: partitionNamed,
    placeOf,
  });

  constructor(database: Database) {
    this.#database = database;
  }

  async bars(
    symbol: string,
    interval: StoredInterval,
    { fromNanos, toNanos }: Pick<BarRange, "fromNanos" | "toNanos">,
    count: number,
  ): Promise<Bar[]> {
    const { rows } = await this.#database.query<BarRow>(
      `SELECT extract(epoch FROM opened_at)::float8 * 1000 AS opened_at_ms, open, high, low, close, volume, vwap, trade_count, revision FROM bars
       WHERE interval = $1 AND symbol = $2 AND opened_at >= coalesce(to_timestamp($3), '-infinity') AND opened_at < coalesce(to_timestamp($4), 'infinity')
       ORDER BY opened_at DESC LIMIT $5`,
      [interval, symbol, secondsOf(fromNanos), secondsOf(toNanos), count],
    );
    return rows.reverse().map((row) => barOf(symbol, interval, row));
  }

  /**
   * Writes bars in the transaction that `client` is in. A later revision replaces an earlier one and never the reverse, so
   * writing the same again does no harm.
   */
  async write(client: Queryable, bars: readonly Bar[]): Promise<void> {
    const latest = latestRevisions(bars);
    if (latest.length === 0) return;
    await this.#partitions.write(client, latest.map(partitionOfBar), () => insert(client, latest));
  }

  /** Drops the partitions that are older than the retention, and says which. */
  async dropExpired(retentionDays: RetentionDays, nowMs = Date.now()): Promise<string[]> {
    const all = await this.#partitions.list(this.#database);
    return this.#partitions.drop(this.#database, expiredPartitions(all, retentionDays, nowMs));
  }

  /** After the commit the partitions of these bars are there for good. */
  notePartitions(bars: readonly Bar[]): void {
    this.#partitions.note(bars.map(partitionOfBar));
  }
}

const partitionOfBar = ({ interval, openedAtMs }: Bar) => partitionOf(interval as StoredInterval, openedAtMs);

function placeOf({ interval, fromMs, toMs }: Partition): { table: string; from: string; to: string } {
  const [from, to] = [fromMs, toMs].map((ms) => `'${new Date(ms).toISOString()}'`) as [string, string];
  return { table: `bars_${interval.toLowerCase()}`, from, to };
}

async function insert(client: Queryable, bars: readonly Bar[]): Promise<void> {
  const column = <Value>(of: (bar: Bar) => Value) => bars.map(of);
  await client.query(
    `INSERT INTO bars AS known (symbol, interval, opened_at, open, high, low, close, volume, vwap, trade_count, revision)
     SELECT symbol, interval, to_timestamp(opened_at_ms / 1000), open, high, low, close, volume, vwap, trade_count, revision
     FROM unnest($1::text[], $2::text[], $3::float8[], $4::numeric[], $5::numeric[], $6::numeric[], $7::numeric[], $8::numeric[], $9::numeric[], $10::bigint[], $11::int[])
       AS b(symbol, interval, opened_at_ms, open, high, low, close, volume, vwap, trade_count, revision)
     ON CONFLICT (interval, symbol, opened_at) DO UPDATE SET
       open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume,
       vwap = excluded.vwap, trade_count = excluded.trade_count, revision = excluded.revision
     WHERE known.revision <= excluded.revision`,
    [
      column((bar) => bar.symbol),
      column((bar) => bar.interval),
      column((bar) => bar.openedAtMs),
      column((bar) => bar.open),
      column((bar) => bar.high),
      column((bar) => bar.low),
      column((bar) => bar.close),
      column((bar) => bar.volume),
      column((bar) => bar.vwap),
      column((bar) => bar.tradeCount),
      column((bar) => bar.revision),
    ],
  );
}

interface BarRow {
  opened_at_ms: number;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
  vwap: string | null;
  trade_count: string;
  revision: number;
}

function barOf(symbol: string, interval: StoredInterval, row: BarRow): Bar {
  return {
    symbol,
    interval,
    openedAtMs: row.opened_at_ms,
    open: decimal(row.open),
    high: decimal(row.high),
    low: decimal(row.low),
    close: decimal(row.close),
    volume: decimal(row.volume),
    vwap: row.vwap === null ? null : decimal(row.vwap),
    tradeCount: Number(row.trade_count),
    final: true,
    revision: row.revision,
  };
}

function decimal(text: string): string {
  return canonicalDecimal(text) as string;
}

/** Seconds with their fraction: bars open on whole seconds, and a bound in between has to stay in between. */
function secondsOf(nanos: bigint | null): number | null {
  return nanos === null ? null : Number(nanos / 1_000n) / 1_000_000;
}
