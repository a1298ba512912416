// The subgraphs of the gateway query on one port: an answer is computed by graphql-js the first time and replayed from
// memory from then on, so that what is measured beside them is the router. Started by router.ts with PORT set; /requests
// tells how many there were, /v1/traces takes traces for nothing, /slow?path=…&ms=… makes one subgraph slow.
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { execute, parse } from "graphql";
import { SUBGRAPHS } from "./gateway-query.ts";

const schemas = new Map(
  SUBGRAPHS.map(({ name, typeDefs, resolvers }) => [
    `/${name}`,
    buildSubgraphSchema({ typeDefs: parse(typeDefs), resolvers: resolvers as never }),
  ]),
);
const answers = new Map<string, Buffer>();
let requests = 0;
/** The path of the subgraph that is slow now, and by how much. */
let slow: { path: string; ms: number } | null = null;

async function answer(path: string, body: string): Promise<Buffer> {
  const key = path + body;
  const known = answers.get(key);
  if (known) return known;
  const schema = schemas.get(path);
  if (!schema) throw new Error(`no subgraph at ${path}`);
  const { query, variables, operationName } = JSON.parse(body) as {
    query: string;
    variables?: Record<string, unknown>;
    operationName?: string;
  };
  const result = await execute({
    schema,
    document: parse(query),
    variableValues: variables ?? {},
    operationName: operationName ?? null,
  });
  const text = Buffer.from(JSON.stringify(result));
  answers.set(key, text);
  return text;
}

const server = createServer((request, response) => {
  if (request.url === "/requests") {
    response.end(String(requests));
    return;
  }
  if (request.url?.startsWith("/slow?")) {
    const { searchParams } = new URL(request.url, "http://localhost");
    const path = searchParams.get("path");
    slow = path ? { path, ms: Number(searchParams.get("ms")) } : null;
    response.end();
    return;
  }
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    if (request.url === "/v1/traces") return void response.end("{}");
    requests++;
    void answer(request.url ?? "", Buffer.concat(chunks).toString()).then(async (body) => {
      if (slow !== null && slow.path === request.url) await delay(slow.ms);
      response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
      response.end(body);
    });
  });
});
// While one router has its round the others wait: their connections must not grow too old meanwhile.
server.keepAliveTimeout = 120_000;
server.listen(Number(process.env["PORT"]), "127.0.0.1");
