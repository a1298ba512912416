import type { IncomingHttpHeaders } from "node:http";
import type { CallerIdentity } from "@mib/identity/caller-identity";

/**
 * Something that takes part in what the router does. What it does for one request is in the hooks that `onRequest` returns
 * for it, so that a request that does not concern it costs it nothing more. A `CodedError` that is thrown where something
 * can still be refused is the client's answer; anything else that is thrown there is INTERNAL_ERROR, and logged.
 */
export interface RouterPlugin {
  readonly name: string;
  /** A request begins: nothing was read or checked yet. Returns what follows it, or the answer to give at once. */
  onRequest?(request: PluginRequest): RequestStart | Promise<RequestStart>;
  /** An event of a stream is about to be executed for the subscribers that get the same answer. */
  onEvent?(event: PluginEvent): RequestHooks | undefined;
  /** The router has stopped. */
  close?(): void | Promise<void>;
}

export type RequestStart = RequestHooks | { answer: EarlyAnswer } | undefined;

/** A GraphQL response that is given instead of executing anything. */
export interface EarlyAnswer {
  data?: unknown;
  errors?: readonly { message: string; extensions?: Record<string, unknown> }[];
  extensions?: Record<string, unknown>;
}

/** One operation of a client, whatever the transport. */
export interface PluginRequest {
  readonly id: string;
  readonly transport: "http" | "ws";
  /** Null over WebSocket, as are `path` and `headers`. */
  readonly method: string | null;
  readonly path: string | null;
  readonly headers: IncomingHttpHeaders | null;
  readonly address: string;
  /** Null until the caller is known, which it is for `onPlan`. */
  readonly identity: CallerIdentity | null;
  /** What plugins tell each other. */
  readonly context: Record<string, unknown>;
}

/** What a plugin hears of one request or event. Those that may refuse are awaited; the others change nothing. */
export interface RequestHooks {
  /** Part of the work begins; what is returned is called at its end. What was prepared for an earlier request is only shaped. */
  onStage?(stage: Stage): (() => void) | undefined;
  /**
   * Whether the label of a progressive override holds for this request; undefined leaves it to the next plugin, and then to
   * the supergraph. Asked for labels that can change the operation's plan and that the settings do not name. May refuse.
   */
  onOverride?(label: string): boolean | undefined;
  /** The operation is planned, and not executed yet. May refuse. */
  onPlan?(operation: PlannedOperation): void | Promise<void>;
  /** A request to a subgraph is about to be made; what is returned is called at its end. May refuse, and set headers. */
  onSubgraphFetch?(fetch: SubgraphFetch): AfterFetch | undefined | Promise<AfterFetch | undefined>;
  /** The answer is there; of an answer in parts the last one, of a subscription to a stream that it began. */
  onResponse?(response: PluginResponse): void;
}

export type Stage = "parse" | "validate" | "plan" | "shape";

export interface PlannedOperation {
  readonly kind: "query" | "mutation" | "subscription";
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Every subgraph that may be asked. */
  readonly subgraphs: ReadonlySet<string>;
  printPlan(): string;
}

export interface SubgraphFetch {
  readonly subgraph: string;
  /** Representations that are sent; 0 for fields of a root type. */
  readonly entities: number;
  /** Sent with the request: names in lower case. */
  readonly headers: Record<string, string>;
}

export type AfterFetch = (outcome: FetchOutcome) => void;

export interface FetchOutcome {
  /** Null when no answer came. */
  readonly status: number | null;
  /** Of the answer's body. */
  readonly bytes: number;
  /** Of a failure as a whole; null where there is an answer, though it may carry errors. */
  readonly errorCode: string | null;
}

export interface PluginResponse {
  /** As over HTTP, whatever the transport. */
  readonly status: number;
  /** Of the GraphQL response, before it is compressed or framed. */
  readonly bytes: number;
  /** Each once; empty when all went well. */
  readonly errorCodes: readonly string[];
  /**
   * Has no effect where the answer's headers are sent already or it has none. Throws for those that say how it is sent:
   * its length, coding, type and connection.
   */
  setHeader(name: string, value: string): void;
}

export interface PluginEvent {
  readonly operationName: string | null;
  /** Null where the event came from a subgraph's subscription. */
  readonly topic: string | null;
  readonly channel: string | null;
  /** The event's trace, where it has one. */
  readonly traceparent: string | null;
}
