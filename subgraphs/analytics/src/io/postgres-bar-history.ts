import type { Queryable } from "@mib/subgraph-server/database";
import type { Pool } from "pg";
import type { WindowBar } from "../domain/bar-window.ts";
import type { InstrumentSpan } from "../domain/briefs/brief-day.ts";
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

/** Of the bars that opened in [fromMs, toMs) at most `count`; `fromMs` may be -Infinity. */
export interface BarRange {
  symbol: string;
  interval: BarInterval;
  fromMs: number;
  toMs: number;
  count: number;
}

/** The bars of a day of an instrument. */
export interface DayBars {
  interval: BarInterval;
  bars: WindowBar[];
}

/** The finest first. */
const DAY_INTERVALS = ["M5", "H1", "D1"] as const;

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
    const [bars] = await this.beforeEach([{ symbol, interval, fromMs: -Infinity, toMs: beforeMs, count }]);
    return bars!;
  }

  beforeEach(ranges: readonly BarRange[]): Promise<WindowBar[][]> {
    return this.#read(ranges, "LAST");
  }

  async within(
    symbol: string,
    interval: BarInterval,
    { fromMs, toMs }: { fromMs: number; toMs: number },
    count: number,
  ): Promise<WindowBar[]> {
    const [bars] = await this.#read([{ symbol, interval, fromMs, toMs, count }], "FIRST");
    return bars!;
  }

  /**
   * Of each span, of at most a day, the bars of the finest interval that has all of them; null where there are none. One statement,
   * however many spans there are.
   */
  async finest(spans: readonly InstrumentSpan[]): Promise<(DayBars | null)[]> {
    const ranges = spans.flatMap((span) =>
      DAY_INTERVALS.map((interval) => ({ ...span, interval, count: INTERVAL_MS.D1 / INTERVAL_MS[interval] })),
    );
    const found = await this.#read(ranges, "FIRST");
    return spans.map((_, at) => {
      const own = found.slice(at * DAY_INTERVALS.length, (at + 1) * DAY_INTERVALS.length);
      return finestOf(own as [WindowBar[], WindowBar[], WindowBar[]]);
    });
  }

  prune(nowMs: number): Promise<void> {
    return pruneBars(this.#pool, nowMs);
  }

  async #read(ranges: readonly BarRange[], end: RangeEnd): Promise<WindowBar[][]> {
    const stored = await readBars(this.#pool, ranges, end);
    return ranges.map(({ symbol, interval, fromMs, toMs, count }, at) => {
      const held = this.#memory
        .bars(symbol, interval)
        .filter(({ openedAtMs }) => openedAtMs >= fromMs && openedAtMs < toMs);
      const bars = merge(stored[at]!, held);
      return end === "FIRST" ? bars.slice(0, count) : bars.slice(-count);
    });
  }
}

function finestOf([fiveMinutes, hours, days]: [WindowBar[], WindowBar[], WindowBar[]]): DayBars | null {
  // Where finer bars are not kept so long, those of the first hour that was traded in are missing.
  const firstHourEndsMs = hours.length === 0 ? Infinity : hours[0]!.openedAtMs + INTERVAL_MS.H1;
  if ((fiveMinutes[0]?.openedAtMs ?? Infinity) < firstHourEndsMs) return { interval: "M5", bars: fiveMinutes };
  if (hours.length > 0) return { interval: "H1", bars: hours };
  return days.length > 0 ? { interval: "D1", bars: days } : null;
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

/** Which `count` of a range: the first or the last ones. */
type RangeEnd = "FIRST" | "LAST";

/** The stored bars of each range, oldest first, read with one statement. */
export async function readBars(
  database: Queryable,
  ranges: readonly BarRange[],
  end: RangeEnd,
): Promise<WindowBar[][]> {
  const order = end === "FIRST" ? "ASC" : "DESC";
  const { rows } = await database.query<WindowBar & { place: number }>(
    `SELECT wanted.place::int AS place, found.*
     FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::int[])
       WITH ORDINALITY AS wanted (symbol, interval, from_time, to_time, count, place)
     CROSS JOIN LATERAL (
       SELECT ${BAR_COLUMNS} FROM bars
       WHERE interval = wanted.interval AND symbol = wanted.symbol AND opened_at >= wanted.from_time AND opened_at < wanted.to_time
       ORDER BY opened_at ${order} LIMIT wanted.count) AS found
     ORDER BY place, "openedAtMs"`,
    [
      ranges.map(({ symbol }) => symbol),
      ranges.map(({ interval }) => interval),
      ranges.map(({ fromMs }) => (fromMs === -Infinity ? "-infinity" : new Date(fromMs))),
      ranges.map(({ toMs }) => new Date(toMs)),
      ranges.map(({ count }) => count),
    ],
  );
  const found: WindowBar[][] = ranges.map(() => []);
  for (const { place, ...bar } of rows) found[place - 1]!.push(bar);
  return found;
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
