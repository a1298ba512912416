import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type Tracer,
} from "@opentelemetry/api";
import type {
  AfterFetch,
  PlannedOperation,
  PluginResponse,
  RequestHooks,
  Stage,
  SubgraphFetch,
} from "../plugins/plugin.ts";

/** The spans of one request or event: a root, and below it one for each stage and each fetch. */
export class SampledTrace implements RequestHooks {
  readonly #tracer: Tracer;
  readonly #root: Span;
  readonly #context: Context;

  constructor(tracer: Tracer, root: Span) {
    this.#tracer = tracer;
    this.#root = root;
    this.#context = trace.setSpan(ROOT_CONTEXT, root);
  }

  onStage(stage: Stage): () => void {
    const span = this.#tracer.startSpan(stage, {}, this.#context);
    return () => span.end();
  }

  onPlan({ kind, operationName }: PlannedOperation): void {
    this.#root.setAttribute("graphql.operation.type", kind);
    if (operationName !== null) this.#root.setAttribute("graphql.operation.name", operationName);
  }

  onSubgraphFetch({ subgraph, entities, headers }: SubgraphFetch): AfterFetch {
    const attributes: Attributes = {
      "http.request.method": "POST",
      "router.subgraph.name": subgraph,
      "router.subgraph.entities": entities,
    };
    const span = this.#tracer.startSpan(`fetch ${subgraph}`, { kind: SpanKind.CLIENT, attributes }, this.#context);
    const { traceId, spanId, traceState } = span.spanContext();
    headers["traceparent"] = `00-${traceId}-${spanId}-01`;
    const tracestate = traceState?.serialize();
    if (tracestate) headers["tracestate"] = tracestate;
    return ({ status, bytes, errorCode }) => {
      if (status !== null) {
        span.setAttribute("http.response.status_code", status);
        span.setAttribute("http.response.body.size", bytes);
      }
      fail(span, errorCode);
      span.end();
    };
  }

  onResponse({ status, bytes, errorCodes }: PluginResponse): void {
    this.#root.setAttribute("http.response.status_code", status);
    this.#root.setAttribute("http.response.body.size", bytes);
    const isClients = status >= 400 && status < 500;
    if (!isClients) fail(this.#root, errorCodes[0] ?? null);
    else if (errorCodes[0] !== undefined) this.#root.setAttribute("error.type", errorCodes[0]);
    this.#root.end();
  }
}

function fail(span: Span, code: string | null): void {
  if (code === null) return;
  span.setAttribute("error.type", code);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
