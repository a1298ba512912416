import type { Queryable } from "@mib/subgraph-server/database";
import type { Pool } from "pg";
import type { WindowBar } from "../domain/bar-window.ts";
import type { BarHistory } from "../domain/indicators/indicator-series.ts";
import { INTERVAL_MS } from "../domain/interval-length.ts";
import type { BarInterval, MarketMemory } from "../domain/market-memory.ts";

/** Bars of a second are not stored: there are 17 million a day for 200 instruments, and the window has the last ones. */
const RETENTION_DAYS: Readonly<Partial<Record<BarInterval, number>>> = { M1: 30, M5: 180, H1: 1_825, D1: 36_500 };
const ROWS_PER_STATEMENT = 5_000;
const ROWS_PER_DELETE = 50_000;

export interface StoredBar {
  symbol: string;
  interval: BarInterval;
  bar: WindowBar;
}

interface Row {
  openedAtMs: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  revision: number;
}

export const BAR_COLUMNS = `(extract(epoch FROM opened_at) * 1000)::float8 AS "openedAtMs", open, high, low, close, volume, revision`;

export const isStored = (interval: BarInterval): boolean => interval in RETENTION_DAYS;

/** Bars in PostgreSQL, and over them those of the window, which may be newer or of a later revision. */
export class PostgresBarHistory implements BarHistory {
  readonly #pool: Pool;
  readonly #memory: MarketMemory;

  constructor(pool: Pool, memory: MarketMemory) {
    this.#pool = pool;
    this.#memory = memory;
  }

  async before(symbol: string, interval: BarInterval, beforeMs: number, count: number): Promise<WindowBar[]> {
    const { rows } = await this.#pool.query<Row>(
      `SELECT ${BAR_COLUMNS} FROM bars WHERE interval = $1 AND symbol = $2 AND opened_at < $3 ORDER BY opened_at DESC LIMIT $4`,
      [interval, symbol, new Date(beforeMs), count],
    );
    const held = this.#memory.bars(symbol, interval).filter(({ openedAtMs }) => openedAtMs < beforeMs);
    return merge(rows.reverse(), held).slice(-count);
  }

  async within(
    symbol: string,
    interval: BarInterval,
    { fromMs, toMs }: { fromMs: number; toMs: number },
    count: number,
  ): Promise<WindowBar[]> {
    const rows = await barsWithin(this.#pool, symbol, interval, { fromMs, toMs }, count);
    const held = this.#memory
      .bars(symbol, interval)
      .filter(({ openedAtMs }) => openedAtMs >= fromMs && openedAtMs < toMs);
    return merge(rows, held).slice(0, count);
  }

  /** The bars of at most a day that opened in [fromMs, toMs), of the finest interval that has all of them; null where there are none. */
  async finest(
    symbol: string,
    span: { fromMs: number; toMs: number },
  ): Promise<{ interval: BarInterval; bars: WindowBar[] } | null> {
    const [fiveMinutes, hours, days] = await Promise.all(
      (["M5", "H1", "D1"] as const).map(async (interval) => ({
        interval,
        bars: await this.within(symbol, interval, span, INTERVAL_MS.D1 / INTERVAL_MS[interval]),
      })),
    );
    // Where finer bars are not kept so long, those of the first hour that was traded in are missing.
    const firstHourEndsMs = hours!.bars.length === 0 ? Infinity : hours!.bars[0]!.openedAtMs + INTERVAL_MS.H1;
    if ((fiveMinutes!.bars[0]?.openedAtMs ?? Infinity) < firstHourEndsMs) return fiveMinutes!;
    return [hours!, days!].find(({ bars }) => bars.length > 0) ?? null;
  }

  prune(nowMs: number): Promise<void> {
    return pruneBars(this.#pool, nowMs);
  }
}

/** A table of bars: `rebuilt_bars` is what a rebuild has read and not put in its place yet. */
type BarTable = "bars" | "rebuilt_bars";

/**
 * Deletes what is older than its interval's retention, in parts, so that no lock is held for long. Age counts back from the
 * newest bar of `tables`, not from `nowMs`: a replayed capture of years ago is kept like a live feed. Unless that bar is of the future.
 */
export async function pruneBars(
  database: Queryable,
  nowMs: number,
  tables: readonly BarTable[] = ["bars"],
): Promise<void> {
  const newest = tables.map((table) => `(SELECT max(opened_at) FROM ${table} WHERE interval = $1)`).join(", ");
  for (const table of tables)
    for (const [interval, days] of Object.entries(RETENTION_DAYS)) await prune(table, interval, days);

  async function prune(table: BarTable, interval: string, days: number): Promise<void> {
    let deleted: number;
    do {
      const result = await database.query(
        `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM ${table} WHERE interval = $1 AND opened_at <
             least(greatest(${newest}), $2) - make_interval(days => $3) LIMIT $4))`,
        [interval, new Date(nowMs), days, ROWS_PER_DELETE],
      );
      deleted = result.rowCount ?? 0;
    } while (deleted === ROWS_PER_DELETE);
  }
}

/** The first `count` stored bars that opened in [fromMs, toMs), oldest first. */
export async function barsWithin(
  database: Queryable,
  symbol: string,
  interval: BarInterval,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  count: number,
): Promise<WindowBar[]> {
  const { rows } = await database.query<WindowBar>(
    `SELECT ${BAR_COLUMNS} FROM bars WHERE interval = $1 AND symbol = $2 AND opened_at >= $3 AND opened_at < $4
     ORDER BY opened_at LIMIT $5`,
    [interval, symbol, new Date(fromMs), new Date(toMs), count],
  );
  return rows;
}

/** Writes bars, each in its latest revision; repeats change nothing. No two of `bars` may be of the same time and instrument. */
export async function writeBars(
  client: Queryable,
  bars: readonly StoredBar[],
  table: BarTable = "bars",
): Promise<void> {
  for (let at = 0; at < bars.length; at += ROWS_PER_STATEMENT) {
    const part = bars.slice(at, at + ROWS_PER_STATEMENT);
    await client.query(
      `INSERT INTO ${table} AS there (symbol, interval, opened_at, open, high, low, close, volume, revision)
       SELECT s, i, to_timestamp(t / 1000), o, h, l, c, v, r FROM unnest($1::text[], $2::text[], $3::float8[], $4::float8[],
         $5::float8[], $6::float8[], $7::float8[], $8::float8[], $9::int[]) AS given (s, i, t, o, h, l, c, v, r)
       ON CONFLICT (interval, symbol, opened_at) DO UPDATE SET open = excluded.open, high = excluded.high, low = excluded.low,
         close = excluded.close, volume = excluded.volume, revision = excluded.revision
       WHERE there.revision < excluded.revision`,
      [
        part.map(({ symbol }) => symbol),
        part.map(({ interval }) => interval),
        ...(["openedAtMs", "open", "high", "low", "close", "volume", "revision"] as const).map((name) =>
          part.map(({ bar }) => bar[name]),
        ),
      ],
    );
  }
}

/** Both are oldest first; of two bars of one time the later revision stays, and the window's when they are the same. */
function merge(stored: readonly WindowBar[], held: readonly WindowBar[]): WindowBar[] {
  if (held.length === 0) return [...stored];
  const byTime = new Map(stored.map((bar) => [bar.openedAtMs, bar]));
  for (const bar of held) {
    const there = byTime.get(bar.openedAtMs);
    if (there === undefined || there.revision <= bar.revision) byTime.set(bar.openedAtMs, bar);
  }
  return [...byTime.values()].sort((a, b) => a.openedAtMs - b.openedAtMs);
}
