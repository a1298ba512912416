import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "@mib/testkit/free-port";
import { composeSupergraph } from "../../../router/src/supergraph/compose-supergraph.ts";
import { SUBGRAPHS } from "./gateway-query.ts";
import { MeasuredProcess } from "./measured-process.ts";

const ROUTER_CORE = 0;
const OTHERS_CORE = 1;

export interface Competitor {
  name: string;
  command: readonly string[];
  /** Where GraphQL is asked. */
  path: string;
  env?: Record<string, string>;
}

/** The router of this repository. */
export const OURS: Competitor = {
  name: "router",
  command: [
    process.execPath,
    join(import.meta.dirname, "../../../router/src/main.mjs"),
    "--supergraph",
    "{supergraph}",
    "--port",
    "{port}",
  ],
  path: "/graphql",
};

export interface Running extends Competitor {
  process: MeasuredProcess;
  origin: string;
  /** Requests so far: what makes each new operation another one. */
  sent: number;
}

/** The subgraphs of the gateway query on a port, on the core that no gateway has, and their supergraph in a file of the folder. */
export async function startSubgraphs(
  folder: string,
  processes: MeasuredProcess[],
): Promise<{ subgraphPort: number; upstream: () => Promise<number>; supergraph: string }> {
  const subgraphPort = await freePort();
  const subgraphs = new MeasuredProcess(
    "subgraphs",
    [process.execPath, join(import.meta.dirname, "canned-subgraphs.ts")],
    { PORT: String(subgraphPort) },
    OTHERS_CORE,
  );
  processes.push(subgraphs);
  const upstream = async () => Number(await (await fetch(`http://127.0.0.1:${subgraphPort}/requests`)).text());
  await subgraphs.ready(upstream);

  const composition = composeSupergraph(
    SUBGRAPHS.map((subgraph) => ({
      name: subgraph.name,
      routingUrl: `http://127.0.0.1:${subgraphPort}/${subgraph.name}`,
      sdl: subgraph.typeDefs,
      file: "",
    })),
  );
  if ("problems" in composition) throw new Error(composition.problems.join("\n"));
  const supergraph = join(folder, "supergraph.graphql");
  writeFileSync(supergraph, composition.supergraphSdl);
  return { subgraphPort, upstream, supergraph };
}

export async function start(
  competitor: Competitor,
  supergraph: string,
  processes: MeasuredProcess[],
): Promise<Running> {
  const port = await freePort();
  const command = competitor.command.map((word) =>
    word.replace("{port}", String(port)).replace("{supergraph}", supergraph),
  );
  const env = {
    NODE_ENV: "production",
    PORT: String(port),
    SUPERGRAPH: supergraph,
    LOG_LEVEL: "error",
    APOLLO_TELEMETRY_DISABLED: "true",
    ...competitor.env,
  };
  const started = new MeasuredProcess(competitor.name, command, env, ROUTER_CORE);
  processes.push(started);
  const origin = `http://127.0.0.1:${port}`;
  await started.ready(() => ask(origin + competitor.path, "{ __typename }"));
  return { ...competitor, process: started, origin, sent: 1 };
}

export async function ask(url: string, query: string): Promise<string> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ query }),
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.text();
}
