import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { parse, type GraphQLSchema } from "graphql";
import { createYoga } from "graphql-yoga";
import { onTestFinished } from "vitest";
import {
  createFederation,
  type Federation,
  type FederationOptions,
  type SubgraphEndpoint,
} from "../../router/src/operation/federation.ts";
import { composeSupergraph } from "../../router/src/supergraph/compose-supergraph.ts";

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [
  "@key", "@requires", "@provides", "@external", "@shareable", "@override", "@inaccessible", "@interfaceObject", "@composeDirective",
  "@context", "@fromContext"])\n`;

export interface TestSubgraph {
  /** Without the link to the federation specification. */
  typeDefs: string;
  /** Absent for a subgraph that `answer` speaks for. */
  resolvers?: Record<string, unknown>;
  /** Answers instead of a GraphQL server: the way to be a faulty one. */
  answer?: (request: SubgraphRequest, response: ServerResponse, incoming: IncomingMessage) => void;
  /** A stream: has no server. */
  stream?: boolean;
  /** Where it is served already. */
  url?: string;
}

export interface SubgraphRequest {
  subgraph: string;
  query: string;
  variables: Record<string, unknown>;
  headers: Record<string, unknown>;
}

export interface Answer {
  data?: any;
  errors?: { message: string; path?: (string | number)[]; extensions: Record<string, unknown> }[];
}

/** A payload of incremental delivery. */
export interface Payload extends Answer {
  hasNext?: boolean;
  incremental?: (Answer & { label?: string; path: (string | number)[] })[];
}

export interface Federated {
  federation: Federation;
  supergraphSdl: string;
  /** What the subgraphs were asked, in order. */
  requests: SubgraphRequest[];
  ask(query: string, variables?: Record<string, unknown>, headers?: Record<string, string>): Promise<Answer>;
  /** The payloads of an answer in parts; one of the whole answer where nothing is deferred. */
  askInParts(query: string, variables?: Record<string, unknown>): Promise<Payload[]>;
  /** The answer to one event of a subscription. */
  event(query: string, payload: unknown, variables?: Record<string, unknown>): Promise<Answer>;
}

/** Starts the subgraphs on ports of loopback, composes them and loads the router's inside. All of it ends with the test. */
export async function federated(
  subgraphs: Record<string, TestSubgraph>,
  endpointOf: (subgraph: string) => Partial<SubgraphEndpoint> = () => ({}),
  options: Pick<FederationOptions, "overrideLabels" | "planners" | "random"> = {},
): Promise<Federated> {
  const requests: SubgraphRequest[] = [];
  const sources = [];
  for (const [name, subgraph] of Object.entries(subgraphs)) {
    const url = subgraph.url ?? (subgraph.stream ? "stream:" : await serve(name, subgraph, requests));
    sources.push({ name, routingUrl: url, sdl: LINK + subgraph.typeDefs, file: name });
  }
  const composition = composeSupergraph(sources);
  if ("problems" in composition) throw new Error(`does not compose: ${composition.problems.join("; ")}`);
  const subgraph: FederationOptions["subgraph"] = (name, url) => ({
    url,
    timeoutMs: 30_000,
    responseBytesMax: 1_000_000,
    ...endpointOf(name),
  });
  const federation = await createFederation({
    ...options,
    supergraphSdl: composition.supergraphSdl,
    subgraph,
    operationCacheMax: 100,
  });
  onTestFinished(() => federation.close());

  const call = (headers: Record<string, string> = {}) => ({
    headersFor: () => headers,
    signal: new AbortController().signal,
  });
  const prepare = async (query: string, variables: unknown) => {
    const prepared = await federation.prepare({ query });
    if ("errors" in prepared) return prepared;
    const coerced = prepared.coerceVariables(variables);
    return "errors" in coerced ? coerced : { prepared, variables: coerced.variables };
  };
  const parsed = (text: string): Answer => JSON.parse(text);
  return {
    federation,
    supergraphSdl: composition.supergraphSdl,
    requests,
    async ask(query, variables, headers) {
      const ready = await prepare(query, variables);
      if ("errors" in ready) return parsed(JSON.stringify(ready));
      return parsed(await ready.prepared.execute(call(headers), ready.variables));
    },
    async askInParts(query, variables) {
      const ready = await prepare(query, variables);
      if ("errors" in ready) return [parsed(JSON.stringify(ready))];
      const incremental = await ready.prepared.incremental?.(ready.variables);
      if (!incremental) return [parsed(await ready.prepared.execute(call(), ready.variables))];
      const payloads: Payload[] = [];
      for await (const { text } of incremental.execute(call(), ready.variables)) payloads.push(parsed(text));
      return payloads;
    },
    async event(query, payload, variables) {
      const ready = await prepare(query, variables);
      if ("errors" in ready) return parsed(JSON.stringify(ready));
      return parsed(await ready.prepared.executeEvent(call(), ready.variables, payload));
    },
  };
}

/** The schema of a subgraph, as a server of it has it. */
export function subgraphSchema(typeDefs: string, resolvers: Record<string, unknown> = {}): GraphQLSchema {
  return buildSubgraphSchema({ typeDefs: parse(LINK + typeDefs), resolvers: resolvers as never });
}

async function serve(
  name: string,
  { typeDefs, resolvers, answer }: TestSubgraph,
  requests: SubgraphRequest[],
): Promise<string> {
  const yoga = answer
    ? null
    : createYoga({
        schema: subgraphSchema(typeDefs, resolvers),
        logging: false,
        maskedErrors: false,
        graphqlEndpoint: "/graphql",
      });
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const { query = "", variables = {} } = JSON.parse(body || "{}") as {
        query?: string;
        variables?: Record<string, unknown>;
      };
      const request = { subgraph: name, query, variables, headers: incoming.headers };
      requests.push(request);
      if (answer) answer(request, response, incoming);
      else {
        const headers = new Headers(incoming.headers as Record<string, string>);
        void Promise.resolve(yoga!.fetch(`http://localhost/graphql`, { method: "POST", headers, body })).then(
          async (result) => {
            response.writeHead(result.status, {
              "content-type": result.headers.get("content-type") ?? "application/json",
            });
            response.end(await result.text());
          },
        );
      }
    });
  });
  return listen(server);
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

/** Answers with JSON. */
export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
