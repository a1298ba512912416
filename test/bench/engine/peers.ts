import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { eventually } from "@mib/testkit/eventually";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { startServers } from "../../real-servers.ts";
import type { BenchOptions, BenchResult, BenchRow } from "../bench-result.ts";
import { engineBench, ringBench } from "./engine-bench.ts";

const ROWS_PER_COPY = 10_000;

/**
 * What the engine's figures are held against, in the same run: the `disruptor` crate for hand-over, a Node process that takes the
 * same feed in, and PostgreSQL's COPY for rows that are on disk.
 */
export async function measurePeers({ quick }: BenchOptions): Promise<BenchResult> {
  const seconds = quick ? 1 : 10;
  const handOver = await ringBench("--seconds", quick ? "0.1" : "1");
  return {
    rows: [...handOver.rows, await nodeConsumer(seconds), await copyIntoPostgres(seconds)],
    notes: [
      ...handOver.notes,
      "the Node consumer has no journal",
      `COPY: one connection, ${ROWS_PER_COPY} rows a transaction, synchronous_commit on`,
    ],
  };
}

async function nodeConsumer(seconds: number): Promise<BenchRow> {
  const folder = mkdtempSync(join(tmpdir(), "mib-node-consumer-"));
  const socket = join(folder, "feed.sock");
  const consumer = spawn(process.execPath, [join(import.meta.dirname, "node-consumer.ts"), socket], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  try {
    await eventually(() => existsSync(socket));
    const words = ["--parts", "saturated", "--address", `unix:${socket}`, "--seconds", String(seconds)];
    const { rows } = await engineBench(...words);
    return { ...rows[0]!, peer: `Node ${process.version}, in memory` };
  } finally {
    consumer.kill();
    if (consumer.exitCode === null && consumer.signalCode === null) await once(consumer, "exit");
    rmSync(folder, { recursive: true, force: true });
  }
}

async function copyIntoPostgres(seconds: number): Promise<BenchRow> {
  const stop = await startServers(["postgres"]);
  const client = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL! });
  try {
    await client.connect();
    const { rows: settings } = await client.query<{ server_version: string }>("SHOW server_version");
    await client.query(
      `CREATE TABLE IF NOT EXISTS bench_quotes (sequence bigint, instrument int, at bigint, recv bigint, venue_sequence bigint,
         bid_price bigint, bid_size bigint, ask_price bigint, ask_size bigint)`,
    );
    const startedAt = performance.now();
    let copied = 0;
    while (performance.now() - startedAt < seconds * 1_000) {
      await client.query("BEGIN");
      await client.query("SET LOCAL synchronous_commit = on");
      const into = client.query(copyFrom("COPY bench_quotes FROM STDIN"));
      await pipeline(Readable.from(linesFrom(copied)), into);
      await client.query("COMMIT");
      copied += ROWS_PER_COPY;
    }
    const value = copied / ((performance.now() - startedAt) / 1_000);
    return {
      id: "engine.rate.saturated",
      value,
      unit: "records/s",
      peer: `PostgreSQL ${settings[0]!.server_version} COPY`,
    };
  } finally {
    await client.query("DROP TABLE IF EXISTS bench_quotes").finally(() => client.end());
    await stop?.();
  }
}

const LINES_PER_CHUNK = 500;

/** Quotes as the load generator makes them. */
function* linesFrom(first: number): Generator<string> {
  for (let at = first; at < first + ROWS_PER_COPY; at += LINES_PER_CHUNK) {
    let chunk = "";
    for (let number = at; number < at + LINES_PER_CHUNK; number++) {
      const nanos = `17231184${String(number).padStart(11, "0")}`;
      chunk += `${number}\t${number % 1_000}\t${nanos}\t${nanos}\t${number}\t100000000000\t1000000000\t100010000000\t2000000000\n`;
    }
    yield chunk;
  }
}
