import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@mib/testkit/free-port";
import { composeSupergraph } from "../../../router/src/supergraph/compose-supergraph.ts";
import { MeasuredProcess } from "../gateway/measured-process.ts";
import type { StreamKind } from "../../../router/src/supergraph/streamed-directive.ts";
import { ageBucketsIn, type AgeBuckets } from "./event-age.ts";
import type { BenchTopic } from "./streams-bench.ts";
import { subscribedSocket } from "./subscribed-socket.ts";

export const OURS = "router";
export const STOCK = "graphql-ws + ws + graphql-js";
export type Competitor = typeof OURS | typeof STOCK;

const ROUTER_CORE = 0;

/** A server that streams the bench's topic, running. */
export interface RunningServer {
  url: string;
  process: MeasuredProcess;
  /** Of ours: the file with its supergraph, which it follows. */
  supergraphFile: string;
  /** The sum of a metric over its labels; ours only. */
  metric(name: string): Promise<number>;
  /** How old events were at the socket write so far; ours only. */
  eventAges(): Promise<AgeBuckets>;
  /** Resident memory after its garbage is collected. */
  rssAfterGcMegabytes(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts one of the two on a core of its own, and waits until it answers. */
export async function startServer(
  competitor: Competitor,
  { topic, redisUrl, source = "KAFKA" }: BenchTopic,
): Promise<RunningServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "bench-streams-"));
  const supergraphFile = join(folder, "supergraph.graphql");
  const config = join(folder, "router.yaml");
  writeFileSync(supergraphFile, supergraphOf(topic, { source }));
  writeFileSync(
    join(folder, "keys.json"),
    JSON.stringify([{ id: "k", secret: Buffer.alloc(32, 1).toString("base64") }]),
  );
  writeFileSync(
    config,
    JSON.stringify({
      supergraph: { file: supergraphFile },
      listen: { port },
      // All clients of a benchmark have one address.
      websocket: { connections_per_address_max: 20_000 },
      streams: { redis_url: redisUrl, cursor_keys_file: join(folder, "keys.json") },
    }),
  );
  const own = (file: string) => join(import.meta.dirname, file);
  const command = [process.execPath, "--expose-gc", "--import", own("gc-on-signal.ts")];
  const measured = new MeasuredProcess(
    competitor,
    competitor === OURS
      ? [...command, own("../../../router/src/main.mjs"), "--config", config]
      : [...command, own("stock-server.ts")],
    { REDIS_URL: redisUrl, TOPIC: topic, SOURCE: source, PORT: String(port), LOG_LEVEL: "error" },
    ROUTER_CORE,
  );
  const url = `ws://127.0.0.1:${port}/graphql`;
  const metrics = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const stop = async () => {
    await measured.stop();
    rmSync(folder, { recursive: true });
  };
  try {
    await measured.ready(async () => (await subscribedSocket(url, () => {})).terminate());
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    process: measured,
    supergraphFile,
    async metric(name) {
      const values = [...(await metrics()).matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))];
      return values.reduce((sum, [, value]) => sum + Number(value), 0);
    },
    eventAges: async () => ageBucketsIn(await metrics()),
    rssAfterGcMegabytes: () => measured.rssAfterGcMegabytes(),
    stop,
  };
}

/** `generation` makes another text of the same schema. */
export function supergraphOf(
  topic: string,
  { generation = 0, source = "KAFKA" }: { generation?: number; source?: StreamKind } = {},
): string {
  const sdl = `"Generation ${generation}." type Query { nothing: String }`;
  const composition = composeSupergraph([
    { name: "ticks", routingUrl: "stream:", sdl: schemaOf(topic, source), file: "ticks" },
    { name: "base", routingUrl: "http://127.0.0.1:1/graphql", sdl, file: "base" },
  ]);
  if ("problems" in composition) throw new Error(composition.problems.join("; "));
  return composition.supergraphSdl;
}

const schemaOf = (topic: string, source: StreamKind): string => `
  extend schema
    @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@shareable", "@composeDirective"])
    @link(url: "https://specs.example.org/streamed/v1.1", import: ["@streamed"])
    @composeDirective(name: "@streamed")
  directive @streamed(topic: String!, channel: String! = "*", source: Source! = KAFKA, delivery: Delivery! = EVERY, snapshot: Snapshot! = NONE, filter: [String!]) on FIELD_DEFINITION
  enum Source { KAFKA REDIS }
  enum Delivery { EVERY LATEST }
  enum Snapshot { LAST NONE }
  type Subscription { ticks(symbol: ID!): Tick! @streamed(topic: "${topic}", channel: "{args.symbol}", source: ${source}) }
  type Tick { id: ID! price: String! size: String! at: String! note: String! }`;
