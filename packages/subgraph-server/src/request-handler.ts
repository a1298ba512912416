import type { IncomingMessage, ServerResponse } from "node:http";
import { ANONYMOUS, IDENTITY_HEADER, TURN_HEADER, type CallerIdentity } from "@mib/identity/caller-identity";
import type { IdentityVerifier } from "@mib/identity/identity-verifier";
import { adminHandler } from "@mib/service/admin-server";
import { CodedError } from "@mib/service/coded-error";
import type { Service } from "@mib/service/run";
import type { Call } from "./call.ts";
import { isDatabaseDown } from "./database-down.ts";

/** A path beside `/graphql`. Throws CodedError for an expected failure. */
export interface Route {
  method: "GET" | "POST";
  path: string;
  /** Whether it answers callers without an identity. They come as `ANONYMOUS`. */
  public?: boolean;
  /** `body` is the parsed JSON of a POST. */
  handle(call: Call, body: unknown): Promise<RouteAnswer> | RouteAnswer;
}

export interface RouteAnswer {
  status?: number;
  headers?: Record<string, string>;
  body: unknown;
}

interface HandlerOptions {
  verifier: IdentityVerifier;
  routes: readonly Route[];
  bodyBytesMax: number;
  graphql(request: IncomingMessage, response: ServerResponse, call: Call): Promise<void>;
}

/** Decides who gets where: admin paths, then public routes, then the identity, then everything else. */
export function createRequestHandler(service: Service, options: HandlerOptions) {
  const admin = adminHandler(service);
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (admin(request, response)) return;
    try {
      await answer(request, response, options);
    } catch (error) {
      if (!(error instanceof CodedError)) service.log.error({ err: error, path: pathOf(request) }, "request failed");
      sendError(response, codedOf(error));
    }
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, options: HandlerOptions): Promise<void> {
  const path = pathOf(request);
  const routes = options.routes.filter((route) => route.path === path);
  const open = routes.length > 0 && routes.every((route) => route.public);
  const identity = open ? ANONYMOUS : await options.verifier.verify(headerOf(request, IDENTITY_HEADER));
  checkBodySize(request, options.bodyBytesMax);
  const call = callOf(request, response, identity);
  if (path === "/graphql") return options.graphql(request, response, call);
  if (routes.length === 0) throw new CodedError("NOT_FOUND");
  const route = routes.find(({ method }) => method === request.method);
  if (!route) {
    response.setHeader("allow", routes.map(({ method }) => method).join(", "));
    throw new CodedError("METHOD_NOT_ALLOWED");
  }
  const body = route.method === "POST" ? await readJson(request, options.bodyBytesMax) : undefined;
  const result = await route.handle(call, body);
  response
    .writeHead(result.status ?? 200, {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      ...result.headers,
    })
    .end(JSON.stringify(result.body));
}

function checkBodySize(request: IncomingMessage, bodyBytesMax: number): void {
  const length = headerOf(request, "content-length");
  // With a length Node itself ends the body there, so nothing has to count it again.
  if (length === undefined && request.headers["transfer-encoding"] !== undefined) {
    throw new CodedError("BAD_REQUEST", "Send the body with a Content-Length.");
  }
  if (Number(length ?? 0) > bodyBytesMax) {
    throw new CodedError("REQUEST_TOO_LARGE", `The body may have at most ${bodyBytesMax} bytes.`, {
      bytesMax: bodyBytesMax,
    });
  }
}

function callOf(request: IncomingMessage, response: ServerResponse, identity: CallerIdentity): Call {
  const controller = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) controller.abort(new Error("the client went away"));
  });
  return {
    identity,
    details: {
      // Only the router gets here, so what it says about the client holds.
      clientAddress: headerOf(request, "x-forwarded-for")?.split(",", 1)[0]?.trim() || null,
      turn: headerOf(request, TURN_HEADER) ?? null,
      headers: request.headers,
      signal: controller.signal,
    },
    abort: (reason) => controller.abort(reason),
  };
}

async function readJson(request: IncomingMessage, bodyBytesMax: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw new CodedError("REQUEST_TOO_LARGE");
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (error) {
    throw new CodedError("BAD_REQUEST", "The body is not JSON.", {}, { cause: error });
  }
}

function codedOf(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  return new CodedError(isDatabaseDown(error) ? "SERVICE_UNAVAILABLE" : "INTERNAL_ERROR");
}

function sendError(response: ServerResponse, error: CodedError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify({
    errors: [{ message: error.message, extensions: { ...error.details, code: error.code } }],
  });
  // What is left of the body was not read, so the connection can't be used again.
  response
    .writeHead(error.status, { "content-type": "application/json; charset=utf-8", connection: "close" })
    .end(body);
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").split("?", 1)[0] as string;
}
