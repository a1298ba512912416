import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Database } from "@mib/subgraph-server/database";
import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import {
  boundsOf,
  expiredTradePartitions,
  tradePartitionNamed,
  tradePartitionOf,
  type TradePartition,
  type TradeRetention,
} from "../domain/trade-partitions.ts";
import type { StoredTrade } from "./trade-event.ts";

const COLUMNS = "symbol, at_ns, sequence, ordinal, trade_id, price_e9, size_e9, side, epoch";
const UNIQUE_VIOLATION = "23505";

/** The partitioned table of trades, written by COPY. */
export class TradeTable {
  readonly #partitions = new Set<string>();

  /**
   * Writes trades in the transaction that `client` is in; says how many were not there. The position of the writer tells what is new,
   * so nothing is there already, and COPY takes all of them; should something be (a topic that is read again from its beginning), the
   * same trades go by way of a table that allows it.
   */
  async write(client: pg.PoolClient, trades: readonly StoredTrade[]): Promise<number> {
    if (trades.length === 0) return 0;
    await this.#makePartitions(client, trades);
    await client.query("SAVEPOINT copied");
    try {
      await copy(client, "trades", trades);
      await client.query("RELEASE SAVEPOINT copied");
      return trades.length;
    } catch (error) {
      if ((error as { code?: string }).code !== UNIQUE_VIOLATION) throw error;
      await client.query("ROLLBACK TO SAVEPOINT copied");
    }
    await client.query("CREATE TEMPORARY TABLE trades_given (LIKE trades) ON COMMIT DROP");
    await copy(client, "trades_given", trades);
    const { rowCount } = await client.query(
      `INSERT INTO trades (${COLUMNS}) SELECT ${COLUMNS} FROM trades_given ON CONFLICT DO NOTHING`,
    );
    return rowCount ?? 0;
  }

  /** After the commit the partitions of these trades are there for good. */
  notePartitions(trades: readonly StoredTrade[]): void {
    for (const { atNanos } of trades) this.#partitions.add(tradePartitionOf(atNanos).name);
  }

  /** Drops the partitions that are older than the retention or too many, and says which. */
  async dropExpired(database: Database, retention: TradeRetention, nowMs: number): Promise<string[]> {
    const { rows } = await database.query<{ name: string; bytes: string }>(
      "SELECT relid::regclass::text AS name, pg_total_relation_size(relid) AS bytes FROM pg_partition_tree('trades') WHERE isleaf",
    );
    const partitions = rows.flatMap(({ name, bytes }) => {
      const partition = tradePartitionNamed(name);
      return partition === null ? [] : { ...partition, bytes: Number(bytes) };
    });
    const expired = expiredTradePartitions(partitions, retention, nowMs);
    for (const { name } of expired) {
      await database.query(`DROP TABLE IF EXISTS ${name}`);
      this.#partitions.delete(name);
    }
    return expired.map(({ name }) => name);
  }

  async #makePartitions(client: pg.PoolClient, trades: readonly StoredTrade[]): Promise<void> {
    const needed = new Map<string, TradePartition>();
    for (const { atNanos } of trades) {
      const partition = tradePartitionOf(atNanos);
      if (!this.#partitions.has(partition.name)) needed.set(partition.name, partition);
    }
    if (needed.size === 0) return;
    // Two writers must not make the same one at the same moment: the second would fail and not wait.
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended('trade partitions', 0))");
    for (const partition of needed.values()) {
      const [fromNanos, toNanos] = boundsOf(partition);
      await client.query(
        `CREATE TABLE IF NOT EXISTS ${partition.name} PARTITION OF trades FOR VALUES FROM (${fromNanos}) TO (${toNanos})`,
      );
    }
  }
}

async function copy(client: pg.PoolClient, table: string, trades: readonly StoredTrade[]): Promise<void> {
  const into = client.query(copyFrom(`COPY ${table} (${COLUMNS}) FROM STDIN`));
  await pipeline(Readable.from(chunksOf(trades)), into);
}

const ROWS_PER_CHUNK = 500;

function* chunksOf(trades: readonly StoredTrade[]): Generator<string> {
  for (let at = 0; at < trades.length; at += ROWS_PER_CHUNK)
    yield trades
      .slice(at, at + ROWS_PER_CHUNK)
      .map(lineOf)
      .join("");
}

function lineOf({ symbol, atNanos, sequence, ordinal, id, priceE9, sizeE9, side, epoch }: StoredTrade): string {
  return `${escaped(symbol)}\t${atNanos}\t${sequence}\t${ordinal}\t${escaped(id)}\t${priceE9}\t${sizeE9}\t${side ?? "\\N"}\t${epoch}\n`;
}

const SPECIAL: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** As COPY's text format wants it. */
function escaped(text: string): string {
  return text.replace(/[\\\t\n\r]/g, (letter) => SPECIAL[letter] as string);
}
