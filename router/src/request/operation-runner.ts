import type { IncomingHttpHeaders } from "node:http";
import type { CallerIdentity } from "@mib/identity/caller-identity";
import type { HeadersFor, IdentityHeaders } from "../authentication/identity-headers.ts";
import type { ExecutionTrace } from "../execute/execution-trace.ts";
import { SharedFetches } from "../execute/shared-fetches.ts";
import type {
  CoercedVariables,
  Federation,
  IncrementalOperation,
  IncrementalPayload,
  OperationErrors,
  PreparedOperation,
} from "../operation/federation.ts";
import type { HookChain } from "../plugins/hook-chain.ts";
import type { Plugins } from "../plugins/plugins.ts";
import type { RouterMetrics } from "../telemetry/router-metrics.ts";
import { Call } from "./call.ts";
import { Deadlines } from "./deadlines.ts";
import type { OperationLimiter } from "./operation-limits.ts";
import { sharingKey, type ExecutedAnswer, type SharedExecutions } from "./shared-executions.ts";
import { checkVariables } from "./variables-size.ts";

/** One operation as a client sends it, whatever the transport. */
export interface OperationParams {
  query: string;
  operationName: string | null;
  variables: Record<string, unknown> | null;
}

/** An operation that can be executed: prepared, with its variables. */
export interface RunnableOperation {
  prepared: PreparedOperation;
  variables: Record<string, unknown>;
}

/** An operation that can be answered in parts. */
export interface IncrementallyRunnable extends RunnableOperation {
  parts: IncrementalOperation;
}

/** What is known of the client of one operation. */
export interface Client {
  address: string | null;
  /** Without them no rule forwards anything. */
  headers: IncomingHttpHeaders | null;
  hooks: HookChain | null;
  /** Told what each request to a subgraph came to. */
  trace?: ExecutionTrace | null;
  /** What other executions fetch in the same turn. */
  shared?: SharedFetches | null;
}

/** Takes operations from text to answer, the same way for every transport. */
export class OperationRunner {
  readonly #federation: Federation;
  readonly #limiter: OperationLimiter;
  readonly #identityHeaders: IdentityHeaders;
  readonly #requestDeadlines: Deadlines;
  readonly #eventDeadlines: Deadlines;
  readonly #variablesBytesMax: number;
  /** Begins what follows a request through all that is done for it; null where no plugin does. */
  readonly follow: Plugins["request"];
  readonly #followEvent: Plugins["event"];
  readonly #metrics: RouterMetrics;
  readonly #shared: SharedExecutions | null;
  /** Events come to many groups at once. */
  readonly #eventFetches: SharedFetches;

  constructor({
    federation,
    limiter,
    identityHeaders,
    operationTimeoutMs,
    eventTimeoutMs,
    variablesBytesMax,
    plugins,
    metrics,
    shared,
  }: {
    federation: Federation;
    limiter: OperationLimiter;
    identityHeaders: IdentityHeaders;
    operationTimeoutMs: number;
    eventTimeoutMs: number;
    variablesBytesMax: number;
    plugins: Plugins;
    metrics: RouterMetrics;
    /** Null where each request is executed by itself. */
    shared: SharedExecutions | null;
  }) {
    this.#federation = federation;
    this.#limiter = limiter;
    this.#identityHeaders = identityHeaders;
    this.#requestDeadlines = new Deadlines(operationTimeoutMs);
    this.#eventDeadlines = new Deadlines(eventTimeoutMs);
    this.#variablesBytesMax = variablesBytesMax;
    this.follow = plugins.request;
    this.#followEvent = plugins.event;
    this.#metrics = metrics;
    this.#shared = shared;
    this.#eventFetches = new SharedFetches(() => metrics.sharedFetch());
  }

  /** Throws a coded error where a limit is exceeded; what else is wrong with the operation comes back as errors. */
  async prepare(
    { query, operationName, variables }: OperationParams,
    hooks: HookChain | null,
  ): Promise<RunnableOperation | OperationErrors> {
    this.#limiter.check(query);
    checkVariables(variables, this.#variablesBytesMax);
    const prepared = await this.#federation.prepare({ query, operationName }, hooks);
    if ("errors" in prepared) return prepared;
    const coerced: CoercedVariables = prepared.coerceVariables(variables);
    if ("errors" in coerced) return coerced;
    if (hooks !== null) {
      const { kind, operationName: name, subgraphs, plan } = prepared;
      const asked = hooks.plan({
        kind,
        operationName: name,
        variables: coerced.variables,
        subgraphs,
        printPlan: plan.print,
      });
      if (asked !== undefined) await asked;
    }
    return { prepared, variables: coerced.variables };
  }

  /** The answer of a query or mutation. */
  async execute(
    { prepared, variables }: RunnableOperation,
    identity: CallerIdentity,
    client: Client,
  ): Promise<ExecutedAnswer> {
    const call = await this.#call(prepared, prepared, identity, client);
    const execute = async () => ({ body: await prepared.execute(call, variables), errors: call.errors });
    if (this.#shared === null || !maybeShared(prepared, client)) return execute();
    const key = sharingKey(prepared, call.headersFor, variables);
    const underWay = this.#shared.underWay(key);
    if (underWay === undefined) return this.#shared.run(key, execute);
    this.#metrics.sharedAnswer();
    const answer = await underWay;
    if (answer.errors.length > 0) call.reportErrors(answer.errors);
    return answer;
  }

  /** The payloads of an operation with `@defer`; what is under way is given up when the client goes. */
  async *executeInParts(
    { prepared, parts, variables }: IncrementallyRunnable,
    identity: CallerIdentity,
    client: Client & { gone: AbortSignal },
  ): AsyncGenerator<IncrementalPayload, void, void> {
    const call = await this.#call(prepared, parts, identity, client);
    yield* parts.execute(call.until(client.gone), variables);
  }

  /** The response body for one event of a subscription. */
  async executeEvent(
    { prepared, variables }: RunnableOperation,
    identity: CallerIdentity,
    payload: unknown,
    { channel, traceparent }: { channel: string | null; traceparent: string | null },
  ): Promise<string> {
    const { operationName, streamed } = prepared;
    const hooks = this.#followEvent?.({ operationName, topic: streamed?.topic ?? null, channel, traceparent }) ?? null;
    const client = { address: null, headers: null, hooks, shared: this.#eventFetches };
    const call = await this.#call(prepared, prepared, identity, client, this.#eventDeadlines);
    const body = await prepared.executeEvent(call, variables, payload);
    if (hooks !== null) hooks.respond({ status: 200, bytes: Buffer.byteLength(body), setHeader() {} });
    return body;
  }

  /** Whether what these subgraphs answer is the same for all callers, as far as they are told who calls. */
  isShared(subgraphs: Iterable<string>): boolean {
    return this.#identityHeaders.areShared(subgraphs);
  }

  /** What subgraphs are sent that are subscribed to, for each of them. */
  headersFor(identity: CallerIdentity, subgraphs: Iterable<string>): HeadersFor | Promise<HeadersFor> {
    return this.#identityHeaders.prepare(identity, subgraphs);
  }

  #call(
    { operationName, kind }: PreparedOperation,
    { subgraphs }: Pick<PreparedOperation, "subgraphs">,
    identity: CallerIdentity,
    { address, headers, hooks, trace = null, shared = null }: Client,
    deadlines = this.#requestDeadlines,
  ): Call | Promise<Call> {
    const signal = deadlines.signal();
    const facts = { operationName, signal, hooks, trace, shared, metrics: this.#metrics };
    const request = { kind, clientAddress: address, clientHeaders: headers };
    const headersFor = this.#identityHeaders.prepare(identity, subgraphs, request);
    return headersFor instanceof Promise
      ? headersFor.then((known) => new Call(known, facts))
      : new Call(headersFor, facts);
  }
}

/** Nobody changes what is sent or follows what becomes of it, and nothing is changed by it. */
function maybeShared({ kind }: PreparedOperation, { hooks, trace }: Client): boolean {
  return kind === "query" && !trace && hooks?.followsExecution !== true;
}
