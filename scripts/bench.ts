/**
 * Runs a benchmark, prints its table and writes `.data/bench/NAME.json`.
 *
 *   npm run bench -- NAME [--quick] [words for the benchmark]
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join, resolve } from "node:path";
import type { Bench, BenchResult, BenchRow } from "../test/bench/bench-result.ts";

const folder = resolve(import.meta.dirname, "../test/bench");
const [name, ...rest] = process.argv.slice(2);
const known = readdirSync(folder)
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .filter((file) =>
    /^export (const name\b|async function run\b|function run\b)/m.test(readFileSync(join(folder, file), "utf8")),
  )
  .map((file) => file.slice(0, -3));

if (name === undefined || !known.includes(name)) {
  process.stderr.write(`npm run bench -- NAME, where NAME is one of: ${known.join(", ")}\n`);
  process.exit(64);
}

const bench = (await import(join(folder, `${name}.ts`))) as Bench;
const startedAt = new Date();
const result = await bench.run({ quick: rest.includes("--quick"), args: rest.filter((word) => word !== "--quick") });

process.stdout.write(`${tableOf(result.rows)}\n`);
for (const note of result.notes ?? []) process.stdout.write(`note: ${note}\n`);
const file = writeReport(name, startedAt, result);
process.stdout.write(`written to ${file}\n`);
// A benchmark that left a socket or a timer behind must not keep the terminal.
process.exit(0);

function writeReport(bench: string, date: Date, { rows, notes = [] }: BenchResult): string {
  const report = {
    bench,
    machine: machine(),
    date: date.toISOString(),
    quick: rest.includes("--quick"),
    versions: versions(),
    rows,
    notes,
  };
  mkdirSync(".data/bench", { recursive: true });
  const path = join(".data/bench", `${bench}.json`);
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
  return path;
}

function machine() {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${process.platform} ${release()}`,
    arch: process.arch,
  };
}

function versions() {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  return { project: version, commit: commit(), node: process.version };
}

function commit(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "unknown"; // a copy of the sources without its repository
  }
}

function tableOf(rows: readonly BenchRow[]): string {
  const cells = [
    ["id", "value", "unit", "peer"],
    ...rows.map((row) => [row.id, formatted(row.value), row.unit, row.peer ?? ""]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((line) => line[column]!.length)));
  return cells
    .map((line) =>
      line
        .map((cell, at) => (at === 1 ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function formatted(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  return value.toLocaleString("en-US", { maximumSignificantDigits: 4 });
}
