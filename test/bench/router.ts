import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import type { BenchOptions, BenchResult, BenchRow } from "./bench-result.ts";
import { closedLoop, type Load } from "./gateway/closed-loop.ts";
import { CONDITIONS, type Condition } from "./gateway/gateway-query.ts";
import { installHiveGateway } from "./gateway/hive-gateway.ts";
import { ask, type Competitor, OURS, type Running, start, startSubgraphs } from "./gateway/measured-gateway.ts";
import type { MeasuredProcess } from "./gateway/measured-process.ts";
import { swapUnderLoad } from "./gateway/swap-under-load.ts";
import { percentile } from "./percentiles.ts";

export const name = "router";

interface Effort {
  rounds: number;
  warmUpSeconds: number;
  measuredSeconds: number;
  swappingSeconds: number;
}
const FULL: Effort = { rounds: 3, warmUpSeconds: 3, measuredSeconds: 6, swappingSeconds: 20 };
const QUICK: Effort = { rounds: 1, warmUpSeconds: 0.5, measuredSeconds: 0.5, swappingSeconds: 4 };

/**
 * The router beside the stock gateway, one process each, on one core that no other process of the benchmark uses, rounds
 * interleaved; no sharing of requests. `--hive` adds Hive Gateway, `--peer NAME=COMMAND` another: `{port}` and `{supergraph}`
 * stand for what it gets.
 */
export async function run({ quick, args }: BenchOptions): Promise<BenchResult> {
  const { values } = parseArgs({
    args: [...args],
    options: { hive: { type: "boolean", default: false }, peer: { type: "string", multiple: true, default: [] } },
  });
  const peers: Competitor[] = values.hive ? [await installHiveGateway()] : [];
  for (const peer of values.peer) {
    const [peerName = "", command = ""] = peer.split(/=(.*)/s);
    peers.push({ name: peerName, command: command.split(" "), path: "/graphql" });
  }
  const folder = mkdtempSync(join(tmpdir(), "bench-router-"));
  const processes: MeasuredProcess[] = [];
  try {
    return await measure([OURS, STOCK, ...peers], quick ? QUICK : FULL, folder, processes);
  } finally {
    await Promise.all(processes.map((each) => each.stop()));
    rmSync(folder, { recursive: true });
  }
}

/** Ours with a setting in its configuration. */
function oursWith(setting: string, folder: string): Competitor {
  const config = join(mkdtempSync(join(folder, "config-")), "router.yaml");
  writeFileSync(config, `supergraph: { file: ../supergraph.graphql }\nlisten:\n  port: \${PORT}\n${setting}\n`);
  return { ...OURS, command: [...OURS.command.slice(0, 2), "--config", config] };
}

/** One of a hundred requests is traced and logged; metrics are always there. */
const telemetryTo = (port: number): string => `telemetry:
  traces: { otlp_url: "http://127.0.0.1:${port}", sample_percent: 1 }
  access_log: { sample_percent: 1 }`;

const STOCK: Competitor = {
  name: `@apollo/gateway ${versionOf("@apollo/gateway")} + @apollo/server ${versionOf("@apollo/server")}`,
  command: [process.execPath, join(import.meta.dirname, "gateway/stock-gateway.ts")],
  path: "/",
};

function versionOf(packageName: string): string {
  return (JSON.parse(readFileSync(findPackageJSON(packageName, import.meta.url)!, "utf8")) as { version: string })
    .version;
}

async function measure(
  competitors: readonly Competitor[],
  effort: Effort,
  folder: string,
  processes: MeasuredProcess[],
): Promise<BenchResult> {
  const { subgraphPort, upstream, supergraph } = await startSubgraphs(folder, processes);

  const running: Running[] = [];
  for (const competitor of competitors) running.push(await start(competitor, supergraph, processes));

  const rows: BenchRow[] = [];
  for (const condition of CONDITIONS) {
    const { path = "", ms = 0 } = condition.slow ? { path: `/${condition.slow.subgraph}`, ms: condition.slow.ms } : {};
    await fetch(`http://127.0.0.1:${subgraphPort}/slow?path=${path}&ms=${ms}`);
    const expected = await sameAnswer(running, condition.query(0));
    const rounds = new Map(running.map((each) => [each, [] as Round[]]));
    for (let round = 0; round < effort.rounds; round++) {
      for (const each of running)
        rounds.get(each)!.push(await measureRound(each, condition, expected.get(each)!, upstream, effort));
    }
    for (const [each, results] of rounds)
      rows.push(...rowsOf(condition.id, each.name === OURS.name ? undefined : each.name, results));
    const cpu = (each: Running) => median(rounds.get(each)!.map(({ cpuMsPerRequest }) => cpuMsPerRequest));
    for (const peer of running.slice(1)) {
      rows.push({
        id: `router.cpu-ratio.${condition.id}`,
        value: cpu(peer) / cpu(running[0]!),
        unit: "ratio",
        peer: peer.name,
      });
    }
  }
  rows.push(...(await measureSwaps({ ...running[0]!, supergraph }, effort)));
  const sharing = await start(oursWith("request_sharing: true", folder), supergraph, processes);
  rows.push(...(await measureSharing(sharing, upstream, effort)));
  const told = { ...oursWith(telemetryTo(subgraphPort), folder), env: { LOG_LEVEL: "info" } };
  rows.push(...(await measureTelemetry(running[0]!, await start(told, supergraph, processes), upstream, effort)));
  return {
    rows,
    notes: [
      "The load generator and the subgraphs share the other core, so requests/s are those of this machine; the CPU figures are the router's own.",
      "Every request is executed: identical requests in flight are not shared, neither here nor by the peer.",
      "The rows with sharing are of ours alone; 50 connections that send the same query flatter it, as real traffic will not.",
    ],
  };
}

interface Round {
  load: Load;
  cpuMsPerRequest: number;
  rssMegabytes: number;
  upstreamPerRequest: number;
}

async function measureRound(
  competitor: Running,
  { query, connections }: Condition,
  answerBytes: number,
  upstream: () => Promise<number>,
  effort: Effort,
): Promise<Round> {
  const bodyOf = (request: number) => JSON.stringify({ query: query(competitor.sent + request) });
  const send = async (seconds: number) => {
    const load = await closedLoop(competitor.origin, competitor.path, bodyOf, { connections, seconds, answerBytes });
    competitor.sent += load.requests;
    return load;
  };
  await send(effort.warmUpSeconds);
  const [cpuBefore, upstreamBefore] = [competitor.process.cpuMs(), await upstream()];
  const load = await send(effort.measuredSeconds);
  return {
    load,
    cpuMsPerRequest: (competitor.process.cpuMs() - cpuBefore) / load.requests,
    rssMegabytes: competitor.process.rssMegabytes(),
    upstreamPerRequest: ((await upstream()) - upstreamBefore) / load.requests,
  };
}

function rowsOf(condition: string, peer: string | undefined, rounds: readonly Round[]): BenchRow[] {
  const row = (what: string, unit: string, value: (round: Round) => number): BenchRow => ({
    id: `router.${what}.${condition}`,
    value: median(rounds.map(value)),
    unit,
    ...(peer !== undefined && { peer }),
  });
  return [
    row("cpu", "CPU-ms/request", ({ cpuMsPerRequest }) => cpuMsPerRequest),
    row("rate", "requests/s", ({ load }) => load.requests / load.seconds),
    row("latency-p50", "ms", ({ load }) => percentile(load.latencies, 0.5)),
    row("latency-p99", "ms", ({ load }) => percentile(load.latencies, 0.99)),
    row("rss", "MB", ({ rssMegabytes }) => rssMegabytes),
    row("upstream", "requests/request", ({ upstreamPerRequest }) => upstreamPerRequest),
  ];
}

/** Every operation of the conditions before is known by now: the plans of the most used are warmed each time. */
async function measureSwaps(ours: Running & { supergraph: string }, effort: Effort): Promise<BenchRow[]> {
  const { id, query, connections } = CONDITIONS[0]!;
  const answerBytes = Buffer.byteLength(await ask(ours.origin + ours.path, query(0)));
  const options = { connections, seconds: effort.swappingSeconds, answerBytes };
  const { before, meanwhile, swaps } = await swapUnderLoad(ours, query(0), options);
  const p99 = (...loads: readonly Load[]) =>
    percentile(
      loads.flatMap(({ latencies }) => latencies),
      0.99,
    );
  return [
    { id: `router.swaps.${id}`, value: swaps, unit: "supergraphs" },
    { id: `router.swap-latency-p99.${id}`, value: p99(...meanwhile), unit: "ms" },
    { id: `router.swap-latency-p99-ratio.${id}`, value: p99(...meanwhile) / p99(before), unit: "ratio" },
  ];
}

/** The benchmark query where identical queries under way are answered once. */
async function measureSharing(ours: Running, upstream: () => Promise<number>, effort: Effort): Promise<BenchRow[]> {
  const condition = CONDITIONS[0]!;
  const answerBytes = Buffer.byteLength(await ask(ours.origin + ours.path, condition.query(0)));
  const round = await measureRound(ours, condition, answerBytes, upstream, effort);
  return rowsOf(`${condition.id}-shared`, undefined, [round]).filter(({ id }) => /\.(cpu|rate|upstream)\./.test(id));
}

/** The small query, of which telemetry is the largest part, with it and without it in turn. */
async function measureTelemetry(
  without: Running,
  withIt: Running,
  upstream: () => Promise<number>,
  effort: Effort,
): Promise<BenchRow[]> {
  const condition = CONDITIONS.find(({ id }) => id === "small-query")!;
  const answerBytes = Buffer.byteLength(await ask(without.origin + without.path, condition.query(0)));
  const ratios: number[] = [];
  for (let round = 0; round < effort.rounds; round++) {
    const [plain, told] = [
      await measureRound(without, condition, answerBytes, upstream, effort),
      await measureRound(withIt, condition, answerBytes, upstream, effort),
    ];
    ratios.push(told.cpuMsPerRequest / plain.cpuMsPerRequest);
  }
  return [{ id: `router.telemetry-cpu-ratio.${condition.id}`, value: median(ratios), unit: "ratio" }];
}

/** The length of each one's answer, after they were found to be the same data. */
async function sameAnswer(running: readonly Running[], query: string): Promise<Map<Running, number>> {
  const answers = await Promise.all(running.map(async (each) => ask(each.origin + each.path, query)));
  for (const [index, text] of answers.entries()) {
    if (!isDeepStrictEqual(JSON.parse(text), JSON.parse(answers[0]!)))
      throw new Error(`${running[index]!.name} answers something else: ${answers[index]!.slice(0, 300)}`);
  }
  return new Map(running.map((each, index) => [each, Buffer.byteLength(answers[index]!)]));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
