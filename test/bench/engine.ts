import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { text } from "node:stream/consumers";
import { resolve } from "node:path";
import type { BenchOptions, BenchResult, BenchRow } from "./bench-result.ts";

export const name = "engine";

/**
 * The engine as a feed sees it, measured by a load generator in Rust on the same machine (`engine/crates/bench`): records made
 * durable per second, and how long after its intended moment of sending a record is visible and durable. Words for it:
 * `--rate N --seconds N --instruments N`. With `KAFKA_BROKERS` set, publishing is on.
 */
export async function run({ quick, args }: BenchOptions): Promise<BenchResult> {
  // On the disk of the project: a memory file system would measure no fdatasync.
  mkdirSync(".data", { recursive: true });
  const build = spawn("cargo", ["build", "--release", "--manifest-path", "engine/Cargo.toml", "--quiet"], {
    stdio: "inherit",
  });
  const built = await new Promise<number | null>((done, fail) => build.once("error", fail).once("exit", done));
  if (built !== 0) throw new Error("the engine could not be built");
  const words = ["--dir", resolve(".data"), "--seconds", quick ? "1" : "10", ...args];
  const child = spawn("engine/target/release/mib-engine-bench", words, { stdio: ["ignore", "pipe", "inherit"] });
  const code = new Promise<number | null>((done, fail) => child.once("error", fail).once("exit", done));
  const output = await text(child.stdout);
  if ((await code) !== 0) throw new Error("the measurement failed");
  const { rows, conditions } = JSON.parse(output) as { rows: BenchRow[]; conditions: Record<string, string | number> };
  return {
    rows,
    notes: [
      Object.entries(conditions)
        .map(([key, value]) => `${key}: ${value}`)
        .join("; "),
    ],
  };
}
