import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import type { BenchOptions, BenchResult, BenchRow } from "./bench-result.ts";

export const name = "ring";

/**
 * The engine's ring buffer beside the `disruptor` crate (`engine/crates/bench/src/ring`): one consumer, a pipeline of three, a
 * diamond, published one by one and by eight. Word for it: `--seconds N` for each of the twelve parts.
 */
export async function run({ quick, args }: BenchOptions): Promise<BenchResult> {
  const manifest = ["--manifest-path", "engine/Cargo.toml", "--quiet"];
  const words = args.length > 0 ? args : ["--seconds", quick ? "0.1" : "2"];
  const child = spawn("cargo", ["run", "--release", ...manifest, "--bin", "mib-ring-bench", "--", ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const code = new Promise<number | null>((done, fail) => child.once("error", fail).once("exit", done));
  const output = await text(child.stdout);
  if ((await code) !== 0) throw new Error("the measurement failed");
  const { rows, conditions } = JSON.parse(output) as { rows: BenchRow[]; conditions: Record<string, string | number> };
  const note = Object.entries(conditions).map(([key, value]) => `${key}: ${value}`);
  return { rows, notes: [note.join("; ")] };
}
