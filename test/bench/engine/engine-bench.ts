import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { BenchResult, BenchRow } from "../bench-result.ts";

const MANIFEST = ["--release", "--manifest-path", "engine/Cargo.toml", "--quiet"];

/** Builds the engine, its load generator and the ring's benchmark. */
export async function build(): Promise<void> {
  await output("cargo", ["build", ...MANIFEST]);
}

/** Runs a test of the engine that prints what it counted; fails when the test does. */
export function engineTest(name: string): Promise<string> {
  return output("cargo", [
    "test",
    ...MANIFEST,
    "--package",
    "mib-engine",
    "--bin",
    "mib-engine",
    "--",
    name,
    "--nocapture",
  ]);
}

/** Runs `mib-engine-bench`, with an engine of its own on the project's disk unless the words name one. */
export function engineBench(...words: readonly string[]): Promise<Required<BenchResult>> {
  return rustBench("mib-engine-bench", ["--dir", resolve(".data"), ...words]);
}

/** Runs `mib-ring-bench`. */
export function ringBench(...words: readonly string[]): Promise<Required<BenchResult>> {
  return rustBench("mib-ring-bench", words);
}

async function rustBench(program: string, words: readonly string[]): Promise<Required<BenchResult>> {
  const report = await output(`engine/target/release/${program}`, words);
  const { rows, conditions } = JSON.parse(report) as { rows: BenchRow[]; conditions: Record<string, string | number> };
  return {
    rows,
    notes: [
      Object.entries(conditions)
        .map(([key, value]) => `${key}: ${value}`)
        .join("; "),
    ],
  };
}

async function output(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  const code = new Promise<number | null>((done, fail) => child.once("error", fail).once("exit", done));
  const printed = await text(child.stdout);
  if ((await code) !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${printed}`);
  return printed;
}
