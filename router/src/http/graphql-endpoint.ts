import type { Readable } from "node:stream";
import { CodedError } from "@mib/service/coded-error";
import type { Logger } from "@mib/service/log";
import type { Caller } from "../authentication/caller.ts";
import type { Authenticator } from "../authentication/authenticator.ts";
import { ExecutionTrace } from "../execute/execution-trace.ts";
import type { OperationErrors } from "../operation/federation.ts";
import type { RequestChain, RequestOrigin } from "../plugins/request-chain.ts";
import type { ResponseFacts } from "../plugins/told-response.ts";
import type { Client, IncrementallyRunnable, OperationRunner, RunnableOperation } from "../request/operation-runner.ts";
import { rateLimitHeaders } from "../request/rate-limiter.ts";
import type { RequestLimits } from "../request/request-limits.ts";
import { readStreamRequest } from "../streams/resume/stream-request.ts";
import type { RouterMetrics, Transport } from "../telemetry/router-metrics.ts";
import { codeOf, formatError, toCodedError } from "./error-body.ts";
import { paramsFromBody, paramsFromUrl, type GraphqlParams } from "./graphql-params.ts";
import { isOngoing, type HttpRequest, type HttpResponse, type OngoingResponse } from "./http-exchange.ts";
import { lastEventIdOf } from "./last-event-id.ts";
import { IncrementalResponse } from "./incremental-response.ts";
import {
  chooseIncrementalMediaType,
  chooseMediaType,
  chooseSubscriptionTransport,
  isJsonContentType,
  type IncrementalMediaType,
  type ResponseMediaType,
} from "./media-types.ts";
import { credentialsOf } from "./request-headers.ts";
import { readBody } from "./request-body.ts";
import type { HttpSubscriptions } from "./subscriptions/http-subscriptions.ts";
import { SUBSCRIPTION_FORMATS } from "./subscriptions/subscription-format.ts";
import { chooseWrapping, sendWrapped, transportOf } from "./wrapped-answer.ts";
import { sendWhole, type Answer, type WholeResponseOptions } from "./whole-response.ts";

export interface GraphqlEndpointOptions extends WholeResponseOptions {
  runner: OperationRunner;
  authenticator: Authenticator;
  limits: RequestLimits;
  subscriptions: HttpSubscriptions;
  metrics: RouterMetrics;
  log: Logger;
  bodyBytesMax: number;
  queryPlans: boolean;
}

/** What else there is of a request beside its head. */
export interface RequestRest {
  /** Of its URL, behind the question mark. */
  search: string;
  /** Of the event stream that is to carry the answer; null where the response is. */
  token: string | null;
  requestId: string;
  /** Read already, or where it is to be read from. */
  body: string | Readable;
  /** When it came, by `performance.now()`: it may have waited for its turn since. */
  receivedAt: number;
}

/** One request on its way. */
interface HttpCall {
  request: HttpRequest;
  response: HttpResponse;
  /** Of the event stream that is to carry the answer; null where the response is. */
  token: string | null;
  mediaType: ResponseMediaType;
  transport: Transport;
  startedAt: number;
  hooks: RequestChain | null;
}

interface AdmittedCall extends HttpCall {
  caller: Caller;
  /** Whether the client asks for the plan, and gets it. */
  withPlan: boolean;
}

const FRAMING_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "date",
  "keep-alive",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** The answer came in parts, and all of it is sent; or a subscription goes on by itself. */
const SENT = Symbol("sent");

/** Answers one GraphQL request over HTTP, as the GraphQL-over-HTTP specification says. */
export class GraphqlEndpoint {
  readonly #options: GraphqlEndpointOptions;

  constructor(options: GraphqlEndpointOptions) {
    this.#options = options;
  }

  async handle(
    request: HttpRequest,
    response: HttpResponse,
    { search, token, requestId, body, receivedAt }: RequestRest,
  ): Promise<void> {
    const { accept } = request.headers;
    const mediaType = chooseMediaType(accept);
    // For a client that takes nothing but parts, a whole answer is the only one.
    const wrapping = mediaType === null ? chooseWrapping(accept) : null;
    const transport = transportOf(wrapping);
    let isRefusal = false;
    const hooks = this.#options.runner.follow?.(originOf(request, requestId)) ?? null;
    let answer: Answer | typeof SENT;
    try {
      const begun = hooks && hooks.begin();
      const early = begun instanceof Promise ? await begun : begun;
      if (mediaType === null && wrapping === null) throw new CodedError("NOT_ACCEPTABLE");
      answer = early
        ? { status: 200, body: JSON.stringify(early) }
        : await this.#answer(readParams(request, search, body, this.#options.bodyBytesMax), {
            request,
            response,
            token,
            mediaType: mediaType ?? "application/json",
            transport,
            startedAt: receivedAt,
            hooks,
          });
      if (answer === SENT) return;
    } catch (thrown) {
      isRefusal = true;
      const error = toCodedError(thrown, this.#options.log, requestId);
      hooks?.reportErrors([formatError(error)]);
      if (response.headersSent) {
        hooks?.respond(new HttpResponseFacts(response, error.status, 0));
        return void response.destroy();
      }
      this.#options.metrics.refused(transport, error.code);
      answer = { status: error.status, body: JSON.stringify({ errors: [formatError(error)] }) };
    }
    hooks?.respond(new HttpResponseFacts(response, answer.status, answer.body));
    if (response.destroyed) return;
    if (wrapping !== null && isOngoing(response))
      return sendWrapped(response, wrapping, { body: answer.body, isRefusal });
    await sendWhole(request, response, answer, mediaType ?? "application/json", this.#options);
  }

  async #answer(params: Promise<GraphqlParams>, call: HttpCall): Promise<Answer | typeof SENT> {
    const { authenticator, limits } = this.#options;
    const { request, response, hooks } = call;
    // Both are under way together; a body that fails must not go unheard while the credential is checked.
    params.catch(() => {});
    const known = authenticator.authenticate(credentialsOf(request));
    const caller = known instanceof Promise ? await known : known;
    const { identity } = caller;
    if (hooks !== null) hooks.identity = identity;

    const taken = limits.take(identity, request.socket.remoteAddress ?? "");
    const verdict = taken instanceof Promise ? await taken : taken;
    if (verdict) {
      for (const [name, value] of Object.entries(rateLimitHeaders(verdict))) response.setHeader(name, value);
      if (!verdict.allowed)
        throw new CodedError("RATE_LIMITED", undefined, { retryAfterSeconds: verdict.resetSeconds });
    }
    const withPlan = this.#options.queryPlans && request.headers["x-query-plan"] !== undefined;
    return this.#run(await params, { ...call, caller, withPlan });
  }

  async #run(params: GraphqlParams, call: AdmittedCall): Promise<Answer | typeof SENT> {
    const { runner, metrics } = this.#options;
    const operation = await runner.prepare(params, call.hooks);
    if ("errors" in operation) {
      call.hooks?.reportErrors(operation.errors);
      return refusal(operation, call, metrics);
    }
    const { prepared } = operation;
    if (call.token !== null) return this.#runOnStream(operation, params.extensions, { ...call, token: call.token });
    if (prepared.kind === "subscription") return this.#subscribe(operation, params.extensions, call);
    if (prepared.kind === "mutation" && call.request.method === "GET") {
      call.response.setHeader("allow", "POST");
      throw new CodedError("METHOD_NOT_ALLOWED", "A mutation needs POST.");
    }
    if (prepared.incremental !== null) {
      const parts = await prepared.incremental(operation.variables);
      const incrementalType = parts && chooseIncrementalMediaType(call.request.headers.accept);
      const { response } = call;
      if (parts && incrementalType && isOngoing(response)) {
        await this.#sendParts({ ...operation, parts }, incrementalType, { ...call, response });
        return SENT;
      }
    }
    const trace = call.withPlan ? new ExecutionTrace() : null;
    const answer = await runner.execute(operation, call.caller.identity, clientOf(call, trace));
    const { body } = answer;
    metrics.operation(call.transport, prepared, answer, performance.now() - call.startedAt);
    return {
      status: 200,
      body: trace === null ? body : addExtensions(body, { queryPlan: trace.describe(prepared.plan.describe()) }),
    };
  }

  /** Answers with a subscription, which outlives the request. */
  #subscribe(
    operation: RunnableOperation,
    extensions: GraphqlParams["extensions"],
    { caller, request, response, hooks }: AdmittedCall,
  ): typeof SENT {
    const transport = chooseSubscriptionTransport(request.headers.accept);
    if (transport === null || !isOngoing(response))
      throw new CodedError(
        "NOT_ACCEPTABLE",
        "A subscription needs a WebSocket (graphql-transport-ws), or that the client accepts text/event-stream or multipart/mixed;subscriptionSpec=1.0.",
      );
    const asked = readStreamRequest(extensions);
    // Newer than what the body says, which a client that comes back by itself sends as it was.
    const lastEventId = transport === "sse" ? lastEventIdOf(request) : null;
    if (!response.destroyed)
      this.#options.subscriptions.open(response, {
        operation,
        caller,
        address: request.socket.remoteAddress ?? "",
        format: SUBSCRIPTION_FORMATS[transport],
        request: lastEventId ? { after: lastEventId } : asked,
        withCursor: asked !== null,
      });
    hooks?.respond(new HttpResponseFacts(response, 200, 0));
    return SENT;
  }

  /** Has the operation answered by the event stream of the token. */
  #runOnStream(
    operation: RunnableOperation,
    extensions: GraphqlParams["extensions"],
    { caller, request: { socket, headers }, response, token, startedAt, hooks }: AdmittedCall & { token: string },
  ): typeof SENT {
    const id = extensions?.["operationId"];
    if (typeof id !== "string" || id === "")
      throw new CodedError("BAD_REQUEST", 'An operation on an event stream needs "extensions.operationId", a string.');
    const request = operation.prepared.kind === "subscription" ? readStreamRequest(extensions) : null;
    const client = { address: socket.remoteAddress ?? null, headers };
    this.#options.subscriptions.begin(token, { id, operation, caller, client, hooks, request, startedAt });
    response.writeHead(202, {});
    response.end();
    return SENT;
  }

  async #sendParts(
    operation: IncrementallyRunnable,
    mediaType: IncrementalMediaType,
    call: AdmittedCall & { response: OngoingResponse },
  ): Promise<void> {
    const { runner, metrics } = this.#options;
    const { response } = call;
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const sender = new IncrementalResponse(response, mediaType);
    // With the first payload: it has figures of what ran until then.
    let trace = call.withPlan ? new ExecutionTrace() : null;
    const client = { ...clientOf(call, trace), gone: gone.signal };
    let hasErrors = false;
    let bytes = 0;
    for await (const payload of runner.executeInParts(operation, call.caller.identity, client)) {
      hasErrors ||= payload.hasErrors;
      const { text } = payload;
      bytes += Buffer.byteLength(text);
      await sender.send(trace ? addExtensions(text, { queryPlan: trace.describe(operation.parts.plan) }) : text);
      trace = null;
    }
    sender.end();
    call.hooks?.respond(new HttpResponseFacts(response, 200, bytes));
    metrics.operationInParts(call.transport, operation.prepared, hasErrors, performance.now() - call.startedAt);
  }
}

function originOf(request: HttpRequest, id: string): RequestOrigin {
  const { method = null, url = "", headers, socket } = request;
  const queryStart = url.indexOf("?");
  const path = queryStart < 0 ? url : url.slice(0, queryStart);
  return { id, transport: "http", method, path, headers, address: socket.remoteAddress ?? "" };
}

function clientOf({ request, hooks }: HttpCall, trace: ExecutionTrace | null): Client {
  const { socket, headers } = request;
  return { address: socket.remoteAddress ?? null, headers, hooks, trace };
}

/** `body`: the answer, or how many bytes of it were sent. */
class HttpResponseFacts implements ResponseFacts {
  readonly status: number;
  readonly #response: HttpResponse;
  readonly #body: string | number;

  constructor(response: HttpResponse, status: number, body: string | number) {
    this.status = status;
    this.#response = response;
    this.#body = body;
  }

  get bytes(): number {
    return typeof this.#body === "number" ? this.#body : Buffer.byteLength(this.#body);
  }

  get setHeader(): ResponseFacts["setHeader"] {
    const response = this.#response;
    return (name, value) => {
      if (FRAMING_HEADERS.has(name.toLowerCase()))
        throw new TypeError(`${name} says how the answer is sent, and is the router's own`);
      if (!response.headersSent) response.setHeader(name, value);
    };
  }
}

async function readParams(
  request: HttpRequest,
  search: string,
  body: string | Readable,
  bodyBytesMax: number,
): Promise<GraphqlParams> {
  if (request.method === "GET") return paramsFromUrl(new URLSearchParams(search));
  if (typeof body === "string") return paramsFromBody(body);
  if (!isJsonContentType(request.headers["content-type"])) throw new CodedError("UNSUPPORTED_MEDIA_TYPE");
  return paramsFromBody(await readBody(body, request.headers, bodyBytesMax));
}

/** Clients that know only `application/json` are told by the body; others, and those of event streams, by the status too. */
function refusal(
  { errors }: OperationErrors,
  { mediaType, token, transport }: HttpCall,
  metrics: RouterMetrics,
): Answer {
  metrics.refused(transport, codeOf(errors));
  return { status: mediaType === "application/json" && token === null ? 200 : 400, body: JSON.stringify({ errors }) };
}

/** Puts extensions into a response body, which has none. */
function addExtensions(body: string, extensions: Record<string, unknown>): string {
  return `${body.slice(0, body.lastIndexOf("}"))},"extensions":${JSON.stringify(extensions)}}`;
}
