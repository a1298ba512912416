/** Shows the stacks that run: each part with its state and memory, how far readers lag, and what has been counted. `--data DIR` */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { diskBytes, DISK_BYTES_MAX } from "./local/disk.ts";
import { readRuns, type Run } from "./local/run-file.mjs";

interface PartReport {
  name: string;
  pid: number | null;
  state: string;
  memoryBytes: number;
  failing: string[];
  lags: [string, number][];
  counters: [string, number][];
}

const PAGE_BYTES = 4_096;

const { values } = parseArgs({ options: { data: { type: "string", default: ".data" } } });
const runs = readRuns(resolve(import.meta.dirname, "..", values.data));
// Whoever reads it may have seen enough: `npm run status | head`.
process.stdout.on("error", () => process.exit());
if (runs.length === 0) {
  process.stdout.write("nothing runs here; npm start starts it\n");
  process.exitCode = 1;
}
for (const run of runs) await show(run);

async function show(run: Run): Promise<void> {
  const reports = await Promise.all(Object.entries(run.parts).map(([name, part]) => report(name, part)));
  const bytes = await diskBytes(run.setFolder);
  const minutes = Math.round((Date.now() - Date.parse(run.startedAt)) / 60_000);
  process.stdout.write(
    `\ndata set ${run.set}, feed ${run.feed}, up ${minutes} min, ${(bytes / 1e9).toFixed(2)} of ${DISK_BYTES_MAX / 1e9} GB, stop with Ctrl-C there or: kill ${run.pid}\n\n`,
  );
  write(
    ["part", "state", "pid", "memory", ""],
    reports.map(({ name, state, pid, memoryBytes, failing }) => [
      name,
      state,
      pid?.toString() ?? "–",
      memoryBytes ? `${(memoryBytes / 1e6).toFixed(0)} MB` : "–",
      failing.join("; "),
    ]),
  );
  write(
    ["behind", "", "records"],
    reports.flatMap(({ name, lags }) => lags.map(([what, count]) => [name, what, String(count)])),
  );
  write(
    ["counted", "", ""],
    reports.flatMap(({ name, counters }) => counters.map(([what, count]) => [name, what, String(count)])),
  );
}

async function report(name: string, { pid, state, adminUrl }: Run["parts"][string]): Promise<PartReport> {
  const empty = { name, pid, state, memoryBytes: memory(pid), failing: [], lags: [], counters: [] };
  if (adminUrl === undefined || pid === null) return empty;
  const [ready, metrics] = await Promise.all([ask(`${adminUrl}/ready`), ask(`${adminUrl}/metrics`)]);
  if (ready === null || metrics === null) return { ...empty, state: "no answer" };
  const samples = readMetrics(metrics);
  return {
    ...empty,
    failing: failingChecks(ready),
    lags: [...samples].filter(
      ([metric]) => /_lag(_|$)|backlog/.test(metric.split("{")[0]!) && !metric.startsWith("nodejs_"),
    ),
    counters: [...byName(samples)].filter(
      ([metric, value]) => metric.endsWith("_total") && value > 0 && !/^(process|nodejs)_/.test(metric),
    ),
  };
}

function failingChecks(ready: string): string[] {
  try {
    const { checks = {} } = JSON.parse(ready) as { checks?: Record<string, { ok: boolean; detail?: unknown }> };
    return Object.entries(checks)
      .filter(([, { ok }]) => !ok)
      .map(
        ([check, { detail }]) =>
          `${check}: ${typeof detail === "string" ? detail : JSON.stringify(detail ?? "not ready")}`,
      );
  } catch {
    return ["/ready answers something else than JSON"];
  }
}

/** Prometheus text: series with its labels but for the service's own → value. Histograms are left out. */
function readMetrics(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const [, name = "", labels = "", value] of text.matchAll(/^([a-z_]\w*)(\{[^}]*\})? (\S+)$/gm)) {
    if (/_(bucket|sum|count)$/.test(name)) continue;
    const rest = labels
      .slice(1, -1)
      .split(",")
      .filter((label) => label !== "" && !label.startsWith("service="))
      .join(",");
    samples.set(rest === "" ? name : `${name}{${rest}}`, Number(value));
  }
  return samples;
}

function byName(samples: ReadonlyMap<string, number>): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [series, value] of samples) {
    const name = series.split("{")[0]!;
    sums.set(name, (sums.get(name) ?? 0) + value);
  }
  return sums;
}

async function ask(url: string): Promise<string | null> {
  try {
    return await (await fetch(url, { signal: AbortSignal.timeout(3_000) })).text();
  } catch {
    return null;
  }
}

function memory(pid: number | null): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES;
  } catch {
    return 0;
  }
}

function write(head: string[], rows: string[][]): void {
  if (rows.length === 0) return;
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  for (const row of all)
    process.stdout.write(
      `  ${row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd()}\n`,
    );
  process.stdout.write("\n");
}
