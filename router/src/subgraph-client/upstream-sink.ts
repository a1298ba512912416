import type { SubgraphError, SubgraphResult } from "./read-answer.ts";
import type { SubgraphFailure } from "./subgraph-failure.ts";

/** What a subgraph sends for one event of a subscription; a failure where it is no answer that can be read. */
export type UpstreamEvent = SubgraphResult | SubgraphFailure;

/** Why a subscription at a subgraph is over though neither side ended it. */
export interface UpstreamLoss {
  failure: SubgraphFailure;
  /** The next attempt would end in the same way. */
  isFinal: boolean;
  /** What the subgraph asks for before the next attempt. */
  retryAfterMs: number;
}

/** Hears one subscription at a subgraph. Nothing follows after `complete`, `failed` or `lost`, nor when it was left. */
export interface UpstreamSink {
  /** The connection stands and the subgraph was asked. */
  opened(): void;
  next(event: UpstreamEvent): void;
  /** The subgraph ended it. */
  complete(): void;
  /** The subgraph ended or refused it, with errors of its own. */
  failed(errors: readonly SubgraphError[]): void;
  lost(loss: UpstreamLoss): void;
}

/** What a subgraph is asked for. */
export interface UpstreamRequest {
  /** As it would be posted. */
  body: string;
  headers: Record<string, string>;
  /** Only requests with equal keys may travel over one connection, because it says who calls. */
  connectionKey: string;
}

/** A way to subscribe at one subgraph. */
export interface UpstreamTransport {
  /** Returns how to leave. */
  subscribe(request: UpstreamRequest, sink: UpstreamSink): () => void;
  /** Gives up every connection. */
  close(): void;
}
