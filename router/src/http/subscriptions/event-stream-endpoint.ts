import { CodedError } from "@mib/service/coded-error";
import type { Logger } from "@mib/service/log";
import type { Authenticator } from "../../authentication/authenticator.ts";
import type { RequestLimits } from "../../request/request-limits.ts";
import type { RouterMetrics } from "../../telemetry/router-metrics.ts";
import { refuse, toCodedError } from "../error-body.ts";
import type { HttpRequest, HttpResponse, OngoingResponse } from "../http-exchange.ts";
import { credentialsOf, headerText } from "../request-headers.ts";
import { chooseSubscriptionTransport } from "../media-types.ts";
import type { HttpSubscriptions } from "./http-subscriptions.ts";

const TOKEN_HEADER = "x-graphql-event-stream-token";

/**
 * The token of an event stream; null where there is none. It is in a header, or in the query string for browsers' EventSource,
 * which has no headers: beside an operation it means something else there.
 */
export function eventStreamToken({ method, headers }: HttpRequest, search: string): string | null {
  const inHeader = headerText(headers[TOKEN_HEADER]);
  if (inHeader !== null || method === "POST" || !search.includes("token=")) return inHeader;
  const parameters = new URLSearchParams(search);
  return parameters.has("query") ? null : parameters.get("token");
}

/** Requests about event streams (GraphQL over SSE, single connection mode) but those that bring operations. */
export class EventStreamEndpoint {
  readonly #authenticator: Authenticator;
  readonly #limits: RequestLimits;
  readonly #subscriptions: HttpSubscriptions;
  readonly #metrics: RouterMetrics;
  readonly #log: Logger;

  constructor({
    authenticator,
    limits,
    subscriptions,
    metrics,
    log,
  }: {
    authenticator: Authenticator;
    limits: RequestLimits;
    subscriptions: HttpSubscriptions;
    metrics: RouterMetrics;
    log: Logger;
  }) {
    this.#authenticator = authenticator;
    this.#limits = limits;
    this.#subscriptions = subscriptions;
    this.#metrics = metrics;
    this.#log = log;
  }

  /** PUT: reserves a stream for the caller, and answers with its token. */
  async reserve(request: HttpRequest, response: HttpResponse, requestId: string): Promise<void> {
    try {
      const caller = await this.#authenticator.authenticate(credentialsOf(request));
      const address = request.socket.remoteAddress ?? "";
      const verdict = await this.#limits.take(caller.identity, address);
      if (verdict?.allowed === false)
        throw new CodedError("RATE_LIMITED", undefined, { retryAfterSeconds: verdict.resetSeconds });
      const token = this.#subscriptions.reserve(caller, address);
      response.writeHead(201, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
      response.end(token);
    } catch (thrown) {
      this.#refuse(response, thrown, requestId);
    }
  }

  /** GET with a token: answers with the stream. */
  claim(request: HttpRequest, response: OngoingResponse, token: string, requestId: string): void {
    try {
      if (chooseSubscriptionTransport(request.headers.accept) !== "sse") throw new CodedError("NOT_ACCEPTABLE");
      this.#subscriptions.stream(token).claim(response);
    } catch (thrown) {
      this.#refuse(response, thrown, requestId);
    }
  }

  /** DELETE: ends one operation of a stream. */
  stop(request: HttpRequest, response: HttpResponse, search: string, requestId: string): void {
    try {
      const token = eventStreamToken(request, search);
      const id = new URLSearchParams(search).get("operationId");
      if (token === null || !id)
        throw new CodedError("BAD_REQUEST", "The token of an event stream and an operationId are needed.");
      this.#subscriptions.stream(token).stop(id);
      response.writeHead(200);
      response.end();
    } catch (thrown) {
      this.#refuse(response, thrown, requestId);
    }
  }

  #refuse(response: HttpResponse, thrown: unknown, requestId: string): void {
    const error = toCodedError(thrown, this.#log, requestId);
    this.#metrics.refused("sse", error.code);
    refuse(response, error);
  }
}
