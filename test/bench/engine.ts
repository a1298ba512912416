import { mkdirSync } from "node:fs";
import type { BenchOptions, BenchResult } from "./bench-result.ts";
import { measureAllocations } from "./engine/allocations.ts";
import { build, engineBench } from "./engine/engine-bench.ts";
import { measureOutage } from "./engine/outage.ts";
import { measurePeers } from "./engine/peers.ts";
import { measurePublishing } from "./engine/publishing.ts";
import { measureReads } from "./engine/reads.ts";

export const name = "engine";

const RATES = [200_000, 1_000_000, 2_000_000];

type Part = (options: BenchOptions) => Promise<BenchResult>;

const PARTS: Record<string, Part> = {
  ingest,
  recovery: ({ quick, args }) => engineBench("--parts", "recovery", ...seconds(quick), ...args),
  reads: measureReads,
  publishing: measurePublishing,
  outage: measureOutage,
  allocations: measureAllocations,
  peers: measurePeers,
};

/**
 * The engine as those see it who use it. Words choose parts, without any all run: `ingest` (records made durable per second, and how
 * long after its intended moment of sending a record is visible and durable), `recovery`, `reads` (from Node), `publishing` (as fast as
 * it goes with a Kafka of its own), `outage` (of Kafka), `allocations`, `peers`. Words for the load generator in Rust
 * (`engine/crates/bench`): `--rate N --pace-micros N --seconds N --instruments N`. With `KAFKA_BROKERS` set, publishing is on in `ingest`.
 */
export async function run({ quick, args }: BenchOptions): Promise<BenchResult> {
  // On the disk of the project: a memory file system would measure no fdatasync.
  mkdirSync(".data", { recursive: true });
  await build();
  const chosen = Object.keys(PARTS).filter((part) => args.includes(part));
  const rest = args.filter((word) => !(word in PARTS));
  const result: Required<BenchResult> = { rows: [], notes: [] };
  for (const part of chosen.length > 0 ? chosen : Object.keys(PARTS)) {
    const { rows, notes = [] } = await PARTS[part]!({ quick, args: rest });
    result.rows.push(...rows);
    result.notes.push(...notes.map((note) => `${part}: ${note}`));
  }
  return result;
}

async function ingest({ quick, args }: BenchOptions): Promise<BenchResult> {
  const first = await engineBench("--parts", "ready,saturated", ...seconds(quick), ...args);
  const rates = args.includes("--rate") ? [] : RATES.map((rate) => ["--rate", String(rate)]);
  const paced: BenchResult[] = [];
  for (const rate of rates.length > 0 ? rates : [[]])
    paced.push(await engineBench("--parts", "paced", ...seconds(quick), ...rate, ...args));
  return { rows: [first, ...paced].flatMap(({ rows }) => rows), notes: [...first.notes, ...paced.at(-1)!.notes!] };
}

const seconds = (quick: boolean) => ["--seconds", quick ? "1" : "10"];
