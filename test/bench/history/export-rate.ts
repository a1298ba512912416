import { FeedSession } from "@mib/protocol/feed-session";
import { DataSource, InstrumentClass, Side } from "@mib/protocol/messages.generated";
import { eventually } from "@mib/testkit/eventually";
import { parquetMetadata } from "hyparquet";
import pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { graphql } from "../../e2e/graphql.ts";
import type { BenchRow } from "../bench-result.ts";
import { percentile } from "../percentiles.ts";

const SYMBOL = "HISTORY";
const START_MS = Date.parse("2024-08-01T00:00:00Z");
/** Six trades in each bar of a minute; some weeks of them are inside of what is kept. */
const STEP_MS = 10_000;
const WRITTEN_DEADLINE_MS = 600_000;

interface ExportBench {
  databaseUrl: string;
  engineAddress: string;
  routerUrl: string;
  exportsUrl: string;
  /** Who exports takes a role that may. */
  analyst: { email: string; password: string };
  trades: number;
  rounds: number;
}

/**
 * Rows per second of exports as a client gets them, from its request to the last byte, through exports, router, market-data, engine
 * and PostgreSQL. The peer is what PostgreSQL says of the same rows: `COPY (SELECT …) TO STDOUT` as CSV.
 */
export async function exportRows(options: ExportBench): Promise<BenchRow[]> {
  const { trades, rounds } = options;
  await feed(options);
  const database = new pg.Client({ connectionString: options.databaseUrl, options: "-c search_path=market_data" });
  await database.connect();
  try {
    const endMs = START_MS + trades * STEP_MS;
    await written(database, trades);
    const range = `from=${new Date(START_MS).toISOString()}&to=${new Date(endMs).toISOString()}`;
    const session = await logIn(options);
    const of = { trades: `symbol=${SYMBOL}&${range}`, bars: `symbol=${SYMBOL}&interval=M1&${range}` };
    const rows: BenchRow[] = [];
    const version = (
      await database.query<{ v: string }>("SELECT split_part(current_setting('server_version'), ' ', 1) AS v")
    ).rows[0]!.v;
    for (const [what, query] of Object.entries(of)) {
      const rates: Record<string, number[]> = { csv: [], parquet: [], peer: [] };
      for (let round = 0; round < rounds; round += 1) {
        const peer = await measured(() => copied(database, what as keyof typeof of));
        rates["peer"]!.push(peer.rate);
        for (const format of ["csv", "parquet"] as const) {
          const own = await measured(() =>
            exported(`${options.exportsUrl}/${what}.${format}?${query}`, session, format),
          );
          if (own.rows !== peer.rows)
            throw new Error(`${what}.${format} has ${own.rows} rows, PostgreSQL ${peer.rows}`);
          rates[format]!.push(own.rate);
        }
      }
      for (const format of ["csv", "parquet"])
        rows.push({
          id: `history.export-rate.${what}-${format}`,
          value: Math.round(percentile(rates[format]!, 0.5)),
          unit: "rows/s",
        });
      const peer = `PostgreSQL ${version} COPY`;
      rows.push({
        id: `history.export-rate.${what}-csv`,
        value: Math.round(percentile(rates["peer"]!, 0.5)),
        unit: "rows/s",
        peer,
      });
    }
    return rows;
  } finally {
    await database.end();
  }
}

async function feed({ engineAddress, trades }: ExportBench): Promise<void> {
  const session = new FeedSession({
    address: engineAddress,
    session: `bench:history:${Date.now()}`,
    feed: "bench",
    source: DataSource.SIMULATED,
  });
  await session.start();
  const instrumentId = session.defineInstrument({
    symbol: SYMBOL,
    name: "History",
    venue: "BENCH",
    venueSymbol: SYMBOL,
    class: InstrumentClass.CRYPTO,
    source: DataSource.SIMULATED,
    tradesConsecutive: true,
  });
  for (let at = 0; at < trades; at += 1) {
    session.trade({
      instrumentId,
      tsEventNanos: nanosOf(START_MS + at * STEP_MS),
      tradeId: BigInt(at + 1),
      priceE9: 57_000_000_000_000n + BigInt((at * 7_919) % 100_000) * 1_000_000n,
      sizeE9: BigInt(1 + (at % 1_000)) * 1_000_000n,
      side: at % 2 === 0 ? Side.BUY : Side.SELL,
    });
    if (session.full) await session.room();
  }
  session.clock(nanosOf(START_MS + trades * STEP_MS + 60_000));
  await session.flush();
  await session.close();
}

const nanosOf = (ms: number): bigint => BigInt(ms) * 1_000_000n;

/** Until the history has all that was fed. */
async function written(database: pg.Client, trades: number): Promise<void> {
  const bars = Math.ceil((trades * STEP_MS) / 60_000);
  await eventually(
    async () => {
      const { rows } = await database.query<{ trades: number; bars: number }>(
        `SELECT (SELECT count(*)::int FROM trades WHERE symbol = $1) AS trades,
           (SELECT count(*)::int FROM bars WHERE symbol = $1 AND interval = 'M1') AS bars`,
        [SYMBOL],
      );
      if (rows[0]!.trades !== trades || rows[0]!.bars !== bars)
        throw new Error(`written are ${JSON.stringify(rows[0])} of ${trades} trades and ${bars} bars`);
    },
    { deadlineMs: WRITTEN_DEADLINE_MS },
  );
}

async function logIn({ routerUrl, analyst }: ExportBench): Promise<Record<string, string>> {
  const query =
    "mutation ($email: String!, $password: String!) { logIn(email: $email, password: $password) { accessToken } }";
  const { data, errors } = await graphql(routerUrl, query, { variables: { ...analyst } });
  if (errors) throw new Error(`the analyst can't log in: ${JSON.stringify(errors)}`);
  return { authorization: `Bearer ${data.logIn.accessToken}` };
}

async function measured(work: () => Promise<number>): Promise<{ rows: number; rate: number }> {
  const startedAt = performance.now();
  const rows = await work();
  return { rows, rate: rows / ((performance.now() - startedAt) / 1_000) };
}

/** Reads the whole file and counts its rows. */
async function exported(url: string, headers: Record<string, string>, format: "csv" | "parquet"): Promise<number> {
  const response = await fetch(url, { headers });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  const file = await response.arrayBuffer();
  if (format === "parquet") return Number(parquetMetadata(file).num_rows);
  const lines = Buffer.from(file).toString().trimEnd().split("\r\n");
  return lines.filter((line) => !line.startsWith("# ")).length - 1;
}

const COPIED = {
  trades:
    "SELECT at_ns, trade_id, price_e9, size_e9, side FROM trades WHERE symbol = $symbol ORDER BY at_ns, sequence, ordinal",
  bars: `SELECT opened_at, open, high, low, close, volume, vwap, trade_count, revision FROM bars
    WHERE interval = 'M1' AND symbol = $symbol ORDER BY opened_at`,
};

async function copied(database: pg.Client, what: keyof typeof COPIED): Promise<number> {
  const query = COPIED[what].replace("$symbol", pg.escapeLiteral(SYMBOL));
  const stream = database.query(copyTo(`COPY (${query}) TO STDOUT (FORMAT csv)`));
  let lines = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) for (const byte of chunk) if (byte === 0x0a) lines += 1;
  return lines;
}
