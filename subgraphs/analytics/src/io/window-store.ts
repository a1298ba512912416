import type { ConsumerState } from "@mib/events/consumer-state";
import type { Queryable } from "@mib/subgraph-server/database";
import { inTransaction } from "@mib/subgraph-server/transaction";
import type { Pool } from "pg";
import type { WindowBar } from "../domain/bar-window.ts";
import { WINDOW_BARS_MAX, type BarInterval, type MarketMemory } from "../domain/market-memory.ts";
import { LatestBars } from "./latest-bars.ts";
import { readBars, writeBars } from "./postgres-bar-history.ts";

/** The last day that a DateTime can name. */
const END_OF_TIME_MS = Date.parse("9999-12-31T23:59:59.999Z");

interface PackedWindow {
  symbol: string;
  interval: BarInterval;
  packed: Buffer;
}

/** Keeps the windows and the bars behind them in PostgreSQL, with the positions that they stand for. */
export class WindowStore {
  readonly #pool: Pool;
  /** What a failed save owes the next one. */
  readonly #owed = new Map<string, PackedWindow>();
  /** Bars that came since the last save. */
  readonly #bars = new LatestBars();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** How many bars wait for the next save. */
  get waiting(): number {
    return this.#bars.size;
  }

  /** Takes a bar that went into the memory, to be written with the next save. */
  keep(symbol: string, interval: BarInterval, bar: WindowBar): void {
    this.#bars.keep(symbol, interval, bar);
  }

  /** Windows that can't be read are made of the stored bars, where there are any; says which they were. */
  async restore(memory: MarketMemory): Promise<string[]> {
    const { rows } = await this.#pool.query<{ symbol: string; interval: BarInterval; bars: Buffer }>(
      "SELECT symbol, interval, bars FROM windows",
    );
    const unreadable = rows.filter(({ symbol, interval, bars }) => !memory.restore(symbol, interval, bars));
    // One after the other: should it be all of them, they are more than one answer should have.
    for (const { symbol, interval } of unreadable) {
      const range = { symbol, interval, fromMs: -Infinity, toMs: END_OF_TIME_MS, count: WINDOW_BARS_MAX };
      const [bars = []] = await readBars(this.#pool, [range], "LAST");
      for (const bar of bars) memory.add(symbol, interval, bar);
    }
    return unreadable.map(({ symbol, interval }) => `${symbol}/${interval}`);
  }

  /** Saves what changed and the positions as of now: nothing may be applied to the memory between the two reads, and nothing is. */
  async save(memory: MarketMemory, state: ConsumerState): Promise<void> {
    for (const window of memory.takeChanged()) this.#owed.set(`${window.interval}/${window.symbol}`, window);
    const positions = state.snapshot();
    const windows = [...this.#owed.values()];
    const { bars, written } = this.#bars.pending();
    await inTransaction(this.#pool, async (client) => {
      await writeWindows(client, windows);
      await writeBars(client, bars);
      await positions.save(client);
    });
    written();
    for (const window of windows) {
      const key = `${window.interval}/${window.symbol}`;
      if (this.#owed.get(key) === window) this.#owed.delete(key);
    }
  }
}

export async function writeWindows(client: Queryable, windows: readonly PackedWindow[]): Promise<void> {
  await client.query(
    `INSERT INTO windows (symbol, interval, bars) SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[])
     ON CONFLICT (symbol, interval) DO UPDATE SET bars = excluded.bars`,
    [windows.map(({ symbol }) => symbol), windows.map(({ interval }) => interval), windows.map(({ packed }) => packed)],
  );
}
