import type { ConsumerState } from "@mib/events/consumer-state";
import { inTransaction } from "@mib/subgraph-server/transaction";
import type { Pool } from "pg";
import type { BarInterval, MarketMemory } from "../domain/market-memory.ts";

/** Keeps the windows in PostgreSQL, with the positions that they stand for. */
export class WindowStore {
  readonly #pool: Pool;
  /** What a failed save owes the next one. */
  readonly #owed = new Map<string, { symbol: string; interval: BarInterval; packed: Buffer }>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async restore(memory: MarketMemory): Promise<void> {
    const { rows } = await this.#pool.query<{ symbol: string; interval: BarInterval; bars: Buffer }>(
      "SELECT symbol, interval, bars FROM windows",
    );
    for (const { symbol, interval, bars } of rows) memory.restore(symbol, interval, bars);
  }

  /** Saves what changed and the positions as of now: nothing may be applied to the memory between the two reads, and nothing is. */
  async save(memory: MarketMemory, state: ConsumerState): Promise<void> {
    for (const window of memory.takeChanged()) this.#owed.set(`${window.interval}/${window.symbol}`, window);
    const positions = state.snapshot();
    const windows = [...this.#owed.values()];
    await inTransaction(this.#pool, async (client) => {
      await client.query(
        `INSERT INTO windows (symbol, interval, bars) SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[])
         ON CONFLICT (symbol, interval) DO UPDATE SET bars = excluded.bars`,
        [
          windows.map(({ symbol }) => symbol),
          windows.map(({ interval }) => interval),
          windows.map(({ packed }) => packed),
        ],
      );
      await positions.save(client);
    });
    for (const window of windows) {
      const key = `${window.interval}/${window.symbol}`;
      if (this.#owed.get(key) === window) this.#owed.delete(key);
    }
  }
}
