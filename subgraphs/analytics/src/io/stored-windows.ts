import type { Queryable } from "@mib/subgraph-server/database";
import { BarWindow, type WindowBar } from "../domain/bar-window.ts";
import { INTERVAL_MS } from "../domain/interval-length.ts";
import { WINDOW_BARS_MAX, type BarInterval, type MarketMemory } from "../domain/market-memory.ts";
import { BAR_COLUMNS } from "./postgres-bar-history.ts";

const WINDOWS_PER_PAGE = 200;
const INTERVALS = Object.keys(INTERVAL_MS) as BarInterval[];

/** Adds the newest bars of `bars`, as many as a window holds. */
export async function addStoredBars(database: Queryable, memory: MarketMemory): Promise<void> {
  const { rows: channels } = await database.query<{ symbol: string; interval: BarInterval }>(
    "SELECT symbol, interval FROM bars WHERE interval = ANY($1) GROUP BY interval, symbol",
    [INTERVALS],
  );
  for (const { symbol, interval } of channels) {
    const { rows } = await database.query<WindowBar>(
      `SELECT ${BAR_COLUMNS} FROM bars WHERE interval = $1 AND symbol = $2 ORDER BY opened_at DESC LIMIT $3`,
      [interval, symbol, WINDOW_BARS_MAX],
    );
    for (const bar of rows) memory.add(symbol, interval, bar);
  }
}

/**
 * Adds from the stored windows what is older than all that the memory has of the same instrument and interval: bars of a
 * second are stored nowhere else, and those of an instrument that is seldom traded may outlive both Kafka's and `bars`' retention.
 */
export async function addOlderBarsOfWindows(
  database: Queryable,
  memory: MarketMemory,
): Promise<{ barsOfOldWindows: number; unreadableWindows: string[] }> {
  const unreadableWindows: string[] = [];
  let barsOfOldWindows = 0;
  for (let after = { symbol: "", interval: "" }; ;) {
    const { rows } = await database.query<{ symbol: string; interval: string; bars: Buffer }>(
      "SELECT symbol, interval, bars FROM windows WHERE (symbol, interval) > ($1, $2) ORDER BY symbol, interval LIMIT $3",
      [after.symbol, after.interval, WINDOWS_PER_PAGE],
    );
    for (const { symbol, interval, bars: bytes } of rows) {
      const window = BarWindow.unpack(bytes, WINDOW_BARS_MAX);
      if (window === null || !isInterval(interval)) {
        unreadableWindows.push(`${symbol}/${interval}`);
        continue;
      }
      const oldestMs = memory.bars(symbol, interval)[0]?.openedAtMs ?? Infinity;
      const before = memory.bars(symbol, interval).length;
      // The newest first: the window takes what is older than all of it only while it has room.
      for (const bar of window.bars.filter(({ openedAtMs }) => openedAtMs < oldestMs).reverse())
        memory.add(symbol, interval, bar);
      barsOfOldWindows += memory.bars(symbol, interval).length - before;
    }
    if (rows.length < WINDOWS_PER_PAGE) return { barsOfOldWindows, unreadableWindows };
    after = rows.at(-1)!;
  }
}

const isInterval = (text: string): text is BarInterval => text in INTERVAL_MS;
