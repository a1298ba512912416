import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CodedError } from "@mib/service/coded-error";
import { formatError } from "./error-body.ts";
import type { GraphqlEndpoint } from "./graphql-endpoint.ts";
import { acceptsHtml } from "./media-types.ts";
import type { OriginPolicy } from "./origin-policy.ts";
import type { Playground } from "./playground.ts";
import { refuseBadConnections } from "./refuse-connection.ts";
import { requestIdFor } from "./request-id.ts";

export interface HttpServerOptions {
  path: string;
  endpoint: GraphqlEndpoint;
  /** Null where the playground is off. */
  playground: Playground | null;
  origins: OriginPolicy;
  /** Answers `/health`, `/ready` and `/metrics`. */
  admin: (request: IncomingMessage, response: ServerResponse) => boolean;
  headerBytesMax: number;
  urlBytesMax: number;
}

const ALLOWED_METHODS = "GET, POST, OPTIONS";
const PREFLIGHT_HEADERS = {
  "access-control-allow-methods": ALLOWED_METHODS,
  "access-control-allow-headers":
    "content-type, authorization, x-api-key, x-request-id, x-query-plan, traceparent, last-event-id",
  "access-control-max-age": "600",
};
const EXPOSED_HEADERS = "x-request-id, ratelimit, ratelimit-policy, retry-after";

/** The router's HTTP side: one GraphQL path, the admin paths, the playground. Upgrades are somebody else's. */
export function createHttpServer(options: HttpServerOptions): Server {
  const server = createServer(
    { maxHeaderSize: options.headerBytesMax, requestTimeout: 60_000, headersTimeout: 20_000 },
    (request, response) => route(options, request, response),
  );
  refuseBadConnections(server);
  // Longer than a proxy's usual minute, so that the proxy is the one who closes.
  server.keepAliveTimeout = 65_000;
  return server;
}

export interface ListenAddress {
  host: string;
  /** 0 picks a free one. */
  port: number;
  /** Whether other processes listen there too: the system gives each its part of the connections. */
  shared: boolean;
}

export async function listen(server: Server, { host, port, shared }: ListenAddress): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, backlog: 2_048, reusePort: shared }, resolve);
  });
  return (server.address() as AddressInfo).port;
}

function route(options: HttpServerOptions, request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? "/";
  const queryStart = url.indexOf("?");
  const path = queryStart < 0 ? url : url.slice(0, queryStart);
  const requestId = requestIdFor(request.headers["x-request-id"]);
  response.setHeader("x-request-id", requestId);
  if (path !== options.path) {
    if (options.admin(request, response)) return;
    if (request.method === "GET" && options.playground?.sendAsset(path, request, response)) return;
    if (path === "/" && request.method === "GET" && acceptsHtml(request.headers.accept) && options.playground) {
      response.writeHead(302, { location: options.path }).end();
      return;
    }
    refuse(response, new CodedError("NOT_FOUND"));
    return;
  }
  if (url.length > options.urlBytesMax)
    return refuse(response, new CodedError("REQUEST_TOO_LARGE", "The URL is too long: send the operation by POST."));
  if (!admit(options.origins, request, response)) return;
  switch (request.method) {
    case "OPTIONS":
      response.writeHead(204, PREFLIGHT_HEADERS).end();
      return;
    case "GET":
    case "POST":
      if (
        options.playground &&
        request.method === "GET" &&
        acceptsHtml(request.headers.accept) &&
        !/[?&]query=/.test(url)
      ) {
        options.playground.sendPage(response);
        return;
      }
      void options.endpoint.handle(request, response, queryStart < 0 ? "" : url.slice(queryStart + 1), requestId);
      return;
    default:
      response.setHeader("allow", ALLOWED_METHODS);
      refuse(response, new CodedError("METHOD_NOT_ALLOWED"));
  }
}

/** CORS: pages of origins on the list may read the answers; those of others are not served at all. */
function admit(origins: OriginPolicy, request: IncomingMessage, response: ServerResponse): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return true;
  response.setHeader("vary", "origin");
  if (!origins.allows(origin)) {
    refuse(response, new CodedError("ORIGIN_NOT_ALLOWED"));
    return false;
  }
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-expose-headers", EXPOSED_HEADERS);
  return true;
}

function refuse(response: ServerResponse, error: CodedError): void {
  response.writeHead(error.status, { "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify({ errors: [formatError(error)] }));
}
