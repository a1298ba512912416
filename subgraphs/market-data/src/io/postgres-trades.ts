import { topicNamed } from "@mib/events/topics";
import { formatE9 } from "@mib/protocol/decimal";
import { partitionOf } from "@mib/protocol/shard";
import type { Database } from "@mib/subgraph-server/database";
import type { PlacedTrade, TradeHistory } from "../domain/ports.ts";
import type { TradeWindow } from "../domain/trade-window.ts";
import { TRADE_WRITER } from "./trade-positions.ts";
import { TRADES_TOPIC } from "./trade-event.ts";

export interface PostgresTradesOptions {
  database: Database;
  /** The topic that the writer reads, where it is not the platform's own. */
  topic?: { name: string; partitions: number } | undefined;
}

/** Trades in PostgreSQL, read by place. */
export class PostgresTrades implements TradeHistory {
  readonly #database: Database;
  readonly #topic: { name: string; partitions: number };

  constructor({ database, topic = topicNamed(TRADES_TOPIC) }: PostgresTradesOptions) {
    this.#database = database;
    this.#topic = topic;
  }

  async tradesBetween(
    symbol: string,
    { after, before, count, end }: TradeWindow,
  ): Promise<{ trades: PlacedTrade[]; writtenTo: { epoch: string; sequence: bigint } | null }> {
    const order = end === "LAST" ? "DESC" : "ASC";
    // One statement, so that rows and position are of one moment. The bounds on the time alone leave partitions out.
    const { rows } = await this.#database.query<Partial<TradeRow> & { epoch: string | null; position: string | null }>(
      `SELECT written.epoch, written.id AS position, found.*
       FROM (VALUES (1)) AS one (row)
       LEFT JOIN consumer_positions AS written ON written.consumer = $1 AND written.topic = $2 AND written.partition = $3
       LEFT JOIN LATERAL (
         SELECT at_ns, sequence, ordinal, trade_id, price_e9, size_e9, side FROM trades
         WHERE symbol = $4
           AND at_ns >= $5 AND (at_ns, sequence, ordinal, trade_id) > ($5, $6, $7, $8)
           AND at_ns <= $9 AND (at_ns, sequence, ordinal, trade_id) < ($9, $10, $11, $12)
         ORDER BY at_ns ${order}, sequence ${order}, ordinal ${order}, trade_id ${order} LIMIT $13
       ) AS found ON true`,
      [
        TRADE_WRITER,
        this.#topic.name,
        partitionOf(symbol, this.#topic.partitions),
        symbol,
        ...boundOf(after ?? FIRST),
        ...boundOf(before ?? LAST),
        count,
      ],
    );
    const [written] = rows;
    const trades = rows.flatMap((row) => (row.trade_id === null ? [] : tradeOf(symbol, row as TradeRow)));
    return {
      trades: end === "LAST" ? trades.reverse() : trades,
      writtenTo:
        written?.epoch && written.position
          ? { epoch: written.epoch, sequence: BigInt(written.position.split("-")[0] as string) }
          : null,
    };
  }

  async findTrade(symbol: string, tradeId: bigint): Promise<PlacedTrade | null> {
    const { rows } = await this.#database.query<TradeRow>(
      `SELECT at_ns, sequence, ordinal, trade_id, price_e9, size_e9, side FROM trades WHERE symbol = $1 AND trade_id = $2
       ORDER BY at_ns DESC, sequence DESC, ordinal DESC LIMIT 1`,
      [symbol, String(tradeId)],
    );
    return rows[0] ? tradeOf(symbol, rows[0]) : null;
  }
}

const I64_MAX = 2n ** 63n - 1n;
const FIRST = { atNanos: 0n, sequence: 0n, ordinal: 0n, id: "" };
const LAST = { atNanos: I64_MAX, sequence: I64_MAX, ordinal: I64_MAX, id: "" };

function boundOf({ atNanos, sequence, ordinal, id }: typeof FIRST): string[] {
  return [String(atNanos), String(sequence), String(ordinal), id];
}

interface TradeRow {
  at_ns: string;
  sequence: string;
  ordinal: string;
  trade_id: string;
  price_e9: string;
  size_e9: string;
  side: "BUY" | "SELL" | null;
}

function tradeOf(symbol: string, row: TradeRow): PlacedTrade {
  return {
    symbol,
    id: row.trade_id,
    price: formatE9(BigInt(row.price_e9)),
    size: formatE9(BigInt(row.size_e9)),
    side: row.side,
    atNanos: BigInt(row.at_ns),
    sequence: BigInt(row.sequence),
    ordinal: BigInt(row.ordinal),
  };
}
