import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CodedError } from "@mib/service/coded-error";
import { refuse } from "./error-body.ts";
import type { GraphqlEndpoint, RequestRest } from "./graphql-endpoint.ts";
import { acceptsHtml } from "./media-types.ts";
import type { HttpRequest, HttpResponse } from "./http-exchange.ts";
import type { OriginPolicy } from "./origin-policy.ts";
import { PlainConnections } from "./plain/plain-connections.ts";
import type { Playground } from "./playground.ts";
import { refuseBadConnections } from "./refuse-connection.ts";
import { eventStreamToken, type EventStreamEndpoint } from "./subscriptions/event-stream-endpoint.ts";
import { requestIdFor } from "./request-id.ts";

export interface HttpServerOptions {
  path: string;
  endpoint: GraphqlEndpoint;
  eventStreams: EventStreamEndpoint;
  /** Null where the playground is off. */
  playground: Playground | null;
  origins: OriginPolicy;
  /** Answers `/health`, `/ready` and `/metrics`. */
  admin: (request: IncomingMessage, response: ServerResponse) => boolean;
  headerBytesMax: number;
  bodyBytesMax: number;
  urlBytesMax: number;
  /** Whether plain requests pass `node:http` by. */
  plain: boolean;
}

const ALLOWED_METHODS = "GET, POST, PUT, DELETE, OPTIONS";
const PREFLIGHT_HEADERS = {
  "access-control-allow-methods": ALLOWED_METHODS,
  "access-control-allow-headers":
    "content-type, authorization, x-api-key, x-request-id, x-query-plan, traceparent, last-event-id, x-graphql-event-stream-token",
  "access-control-max-age": "600",
};
const EXPOSED_HEADERS = "x-request-id, ratelimit, ratelimit-policy, retry-after";

/** Longer than a proxy's usual minute, so that the proxy is the one who closes. */
const KEEP_ALIVE_MS = 65_000;
const HEADERS_MS_MAX = 20_000;

export interface HttpServer {
  server: Server;
  /** Connections that the server does not know of. */
  plain: PlainConnections | null;
}

/** The router's HTTP side: one GraphQL path, the admin paths, the playground. Upgrades are somebody else's. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const server = createServer(
    { maxHeaderSize: options.headerBytesMax, requestTimeout: 60_000, headersTimeout: HEADERS_MS_MAX },
    (request, response) => route(options, request, response),
  );
  refuseBadConnections(server);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  if (!options.plain) return { server, plain: null };
  const plain = new PlainConnections(server, {
    rules: options,
    serve: (request, response, body, receivedAt) => servePlain(options, request, response, { body, receivedAt }),
    idleMsMax: KEEP_ALIVE_MS,
    firstRequestMsMax: HEADERS_MS_MAX,
  });
  return { server, plain };
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
  const search = queryStart < 0 ? "" : url.slice(queryStart + 1);
  const token = eventStreamToken(request, search);
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
      if (token !== null && request.method === "GET") options.eventStreams.claim(request, response, token, requestId);
      else {
        const rest = { search, token, requestId, body: request, receivedAt: performance.now() };
        void options.endpoint.handle(request, response, rest);
      }
      return;
    case "PUT":
      void options.eventStreams.reserve(request, response, requestId);
      return;
    case "DELETE":
      options.eventStreams.stop(request, response, search, requestId);
      return;
    default:
      response.setHeader("allow", ALLOWED_METHODS);
      refuse(response, new CodedError("METHOD_NOT_ALLOWED"));
  }
}

function servePlain(
  options: HttpServerOptions,
  request: HttpRequest,
  response: HttpResponse,
  rest: Pick<RequestRest, "body" | "receivedAt">,
): void {
  const requestId = requestIdFor(request.headers["x-request-id"]);
  response.setHeader("x-request-id", requestId);
  if (admit(options.origins, request, response))
    void options.endpoint.handle(request, response, {
      search: "",
      token: eventStreamToken(request, ""),
      requestId,
      ...rest,
    });
}

/** CORS: pages of origins on the list may read the answers; those of others are not served at all. */
function admit(origins: OriginPolicy, request: HttpRequest, response: HttpResponse): boolean {
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
