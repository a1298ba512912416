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
import { TablePartitions } from "./table-partitions.ts";
import type { StoredTrade } from "./trade-event.ts";

const COLUMNS = "symbol, at_ns, sequence, ordinal, trade_id, price_e9, size_e9, side, epoch";
const UNIQUE_VIOLATION = "23505";

/** The partitioned table of trades, written by COPY. */
export class TradeTable {
  readonly #partitions = new TablePartitions<TradePartition>({
    lock: "trade partitions",
    named: tradePartitionNamed,
    placeOf: (partition) => {
      const [from, to] = boundsOf(partition);
      return { table: "trades", from: String(from), to: String(to) };
    },
  });

  /**
   * Writes trades in the transaction that `client` is in; says how many were not there. The position of the writer tells what is new,
   * so nothing is there already, and COPY takes all of them; should something be (a topic that is read again from its beginning), the
   * same trades go by way of a table that allows it.
   */
  async write(client: pg.PoolClient, trades: readonly StoredTrade[]): Promise<number> {
    if (trades.length === 0) return 0;
    return this.#partitions.write(client, trades.map(partitionOf), () => writeRows(client, trades));
  }

  /** After the commit the partitions of these trades are there for good. */
  notePartitions(trades: readonly StoredTrade[]): void {
    this.#partitions.note(trades.map(partitionOf));
  }

  /** Drops the partitions that are older than the retention or too many, and says which. */
  async dropExpired(database: Database, retention: TradeRetention, nowMs: number): Promise<string[]> {
    const all = await this.#partitions.list(database);
    return this.#partitions.drop(database, expiredTradePartitions(all, retention, nowMs));
  }
}

const partitionOf = ({ atNanos }: StoredTrade) => tradePartitionOf(atNanos);

async function writeRows(client: pg.PoolClient, trades: readonly StoredTrade[]): Promise<number> {
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
