import type { Readable } from "node:stream";
import { CodedError } from "@mib/service/coded-error";
import { refuse } from "./error-body.ts";
import type { GraphqlEndpoint, RequestRest } from "./graphql-endpoint.ts";
import type { HttpRequest, HttpResponse, OngoingResponse } from "./http-exchange.ts";
import { acceptsHtml } from "./media-types.ts";
import type { OriginPolicy } from "./origin-policy.ts";
import type { Playground } from "./playground.ts";
import { requestIdFor } from "./request-id.ts";
import { eventStreamToken, type EventStreamEndpoint } from "./subscriptions/event-stream-endpoint.ts";

/** What there is to be reached, as it is at the moment. */
export interface Routes {
  path: string;
  endpoint: GraphqlEndpoint;
  eventStreams: EventStreamEndpoint;
  /** Null where the playground is off. */
  playground: Playground | null;
  origins: OriginPolicy;
  /** Answers `/health`, `/ready` and `/metrics`. */
  admin: (request: HttpRequest, response: HttpResponse) => boolean;
  urlBytesMax: number;
}

/** A request's body, which is to be read yet, and when its head came. */
export interface StreamedRest extends Pick<RequestRest, "receivedAt"> {
  body: Readable;
}

const ALLOWED_METHODS = "GET, POST, PUT, DELETE, OPTIONS";
const PREFLIGHT_HEADERS = {
  "access-control-allow-methods": ALLOWED_METHODS,
  "access-control-allow-headers":
    "content-type, authorization, x-api-key, x-request-id, x-query-plan, traceparent, last-event-id, x-graphql-event-stream-token",
  "access-control-max-age": "600",
};
const EXPOSED_HEADERS = "x-request-id, ratelimit, ratelimit-policy, retry-after";

/** One GraphQL path, the admin paths, the playground. What is returned settles when the request has been worked on. */
export function route(
  routes: Routes,
  request: HttpRequest,
  response: OngoingResponse,
  { body, receivedAt }: StreamedRest,
): Promise<void> | void {
  const url = request.url ?? "/";
  const queryStart = url.indexOf("?");
  const path = queryStart < 0 ? url : url.slice(0, queryStart);
  const requestId = requestIdFor(request.headers["x-request-id"]);
  response.setHeader("x-request-id", requestId);
  if (path !== routes.path) {
    if (routes.admin(request, response)) return;
    if (request.method === "GET" && routes.playground?.sendAsset(path, request, response)) return;
    if (path === "/" && request.method === "GET" && acceptsHtml(request.headers.accept) && routes.playground) {
      response.writeHead(302, { location: routes.path });
      response.end();
      return;
    }
    refuse(response, new CodedError("NOT_FOUND"));
    return;
  }
  if (url.length > routes.urlBytesMax)
    return refuse(response, new CodedError("REQUEST_TOO_LARGE", "The URL is too long: send the operation by POST."));
  if (!admit(routes.origins, request, response)) return;
  const search = queryStart < 0 ? "" : url.slice(queryStart + 1);
  const token = eventStreamToken(request, search);
  switch (request.method) {
    case "OPTIONS":
      response.writeHead(204, PREFLIGHT_HEADERS);
      response.end();
      return;
    case "GET":
    case "POST":
      if (
        routes.playground &&
        request.method === "GET" &&
        acceptsHtml(request.headers.accept) &&
        !/[?&]query=/.test(url)
      ) {
        routes.playground.sendPage(response);
        return;
      }
      if (token !== null && request.method === "GET") routes.eventStreams.claim(request, response, token, requestId);
      else return routes.endpoint.handle(request, response, { search, token, requestId, body, receivedAt });
      return;
    case "PUT":
      return routes.eventStreams.reserve(request, response, requestId);
    case "DELETE":
      routes.eventStreams.stop(request, response, search, requestId);
      return;
    default:
      response.setHeader("allow", ALLOWED_METHODS);
      refuse(response, new CodedError("METHOD_NOT_ALLOWED"));
  }
}

/** A request whose head says that it can be for the GraphQL path alone. */
export function routePlain(
  routes: Routes,
  request: HttpRequest,
  response: HttpResponse,
  rest: Pick<RequestRest, "body" | "receivedAt">,
): void {
  const requestId = requestIdFor(request.headers["x-request-id"]);
  response.setHeader("x-request-id", requestId);
  if (admit(routes.origins, request, response))
    void routes.endpoint.handle(request, response, {
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
