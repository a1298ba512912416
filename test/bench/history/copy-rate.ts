import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createService } from "@mib/service/run";
import { openDatabase, type Database } from "@mib/subgraph-server/database";
import { inTransaction } from "@mib/subgraph-server/transaction";
import { createTestDatabase } from "@mib/testkit/servers";
import { from as copyFrom } from "pg-copy-streams";
import { simulatedUniverse } from "../../../feeds/src/simulator/instruments.ts";
import { TradeTable } from "../../../subgraphs/market-data/src/io/trade-table.ts";
import type { StoredTrade } from "../../../subgraphs/market-data/src/io/trade-event.ts";
import type { BenchRow } from "../bench-result.ts";
import { percentile } from "../percentiles.ts";

const EPOCH = "6f1f0a9e-6c1c-4f6e-9f57-6f2c3d5b8a10";
const START_NANOS = BigInt(Date.parse("2024-08-08T12:00:00Z")) * 1_000_000n;
const STEP_NANOS = 10_000_000n;
/** As many as the writer of trades takes into a transaction. */
const TRADES_PER_TRANSACTION = 20_000;
const LINES_PER_CHUNK = 500;

/**
 * Durable rows per second: from the first trade to when the last one is on disk. Ours writes as market-data does, transactions that
 * do not wait for the disk and one behind them that does. The peer is one COPY of ready text into a table of the same columns and
 * indexes without partitions.
 */
export async function copyRows({
  databaseUrl,
  trades: count,
  rounds,
}: {
  databaseUrl: string;
  trades: number;
  rounds: number;
}): Promise<BenchRow[]> {
  const trades = madeTrades(count);
  const text = [...chunksOf(trades)];
  process.env["TEST_DATABASE_URL"] = databaseUrl;
  const rates = { ours: [] as number[], peer: [] as number[] };
  let version = "";
  for (let round = 0; round < rounds; round += 1) {
    await using server = await createTestDatabase("bench-copy");
    const service = createService("bench-history");
    const database = await openDatabase(service, {
      url: server.url,
      schema: "market_data",
      migrations: new URL("../../../subgraphs/market-data/migrations/", import.meta.url),
      // One COPY of everything takes longer than a statement of the platform may.
      queryMsMax: 600_000,
    });
    try {
      await database.query("CREATE TABLE plain (LIKE trades INCLUDING INDEXES)");
      await database.query("CREATE TABLE flushed (round int)");
      version = (
        await database.query<{ v: string }>("SELECT split_part(current_setting('server_version'), ' ', 1) AS v")
      ).rows[0]!.v;
      rates.ours.push(await rateOf(count, () => writeTrades(database, trades)));
      rates.peer.push(await rateOf(count, () => copyText(database, text)));
      for (const table of ["trades", "plain"]) {
        const { rows } = await database.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${table}`);
        if (rows[0]!.count !== count) throw new Error(`${table} has ${rows[0]!.count} of ${count} trades`);
      }
    } finally {
      await service.shutdown("end of the round");
    }
  }
  const [ours, peer] = [percentile(rates.ours, 0.5), percentile(rates.peer, 0.5)];
  return [
    { id: "history.copy-rate.trades", value: Math.round(ours), unit: "rows/s" },
    { id: "history.copy-rate.trades", value: Math.round(peer), unit: "rows/s", peer: `PostgreSQL ${version} COPY` },
    { id: "history.copy-ratio.trades", value: ours / peer, unit: "ratio" },
  ];
}

async function writeTrades(database: Database, trades: readonly StoredTrade[]): Promise<void> {
  const table = new TradeTable();
  for (let at = 0; at < trades.length; at += TRADES_PER_TRANSACTION) {
    const part = trades.slice(at, at + TRADES_PER_TRANSACTION);
    await inTransaction(database, async (client) => {
      await client.query("SET LOCAL synchronous_commit = off");
      await table.write(client, part);
    });
    table.notePartitions(part);
  }
  // Its commit waits until all that was logged before it is on disk.
  await database.query("INSERT INTO flushed VALUES (1)");
}

async function copyText(database: Database, text: readonly string[]): Promise<void> {
  const client = await database.connect();
  try {
    await client.query("SET statement_timeout = 0");
    const into = client.query(
      copyFrom("COPY plain (symbol, at_ns, sequence, ordinal, trade_id, price_e9, size_e9, side, epoch) FROM STDIN"),
    );
    await pipeline(Readable.from(text), into);
  } finally {
    client.release(true);
  }
}

async function rateOf(rows: number, work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return rows / ((performance.now() - startedAt) / 1_000);
}

/** Of the simulator's instruments in turn, a hundred a second. */
function madeTrades(count: number): StoredTrade[] {
  const symbols = simulatedUniverse().instruments.map(({ definition }) => definition.symbol);
  return Array.from({ length: count }, (_, at) => ({
    symbol: symbols[(at * 7) % symbols.length]!,
    atNanos: START_NANOS + BigInt(at) * STEP_NANOS,
    sequence: BigInt(at),
    ordinal: 0n,
    id: String(at),
    priceE9: 57_000_000_000_000n + BigInt((at * 7_919) % 1_000_000) * 1_000_000n,
    sizeE9: BigInt(1 + (at % 1_000)) * 1_000_000n,
    side: at % 2 === 0 ? "BUY" : "SELL",
    epoch: EPOCH,
  }));
}

function* chunksOf(trades: readonly StoredTrade[]): Generator<string> {
  for (let at = 0; at < trades.length; at += LINES_PER_CHUNK)
    yield trades
      .slice(at, at + LINES_PER_CHUNK)
      .map(({ symbol, atNanos, sequence, ordinal, id, priceE9, sizeE9, side, epoch }) =>
        [symbol, atNanos, sequence, ordinal, id, priceE9, sizeE9, side, epoch].join("\t").concat("\n"),
      )
      .join("");
}
