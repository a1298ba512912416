import { SpanKind, type Attributes } from "@opentelemetry/api";
import type {
  AfterFetch,
  PlannedOperation,
  PluginResponse,
  RequestHooks,
  Stage,
  SubgraphFetch,
} from "../plugins/plugin.ts";
import type { RecordedSpan } from "./recorded-span.ts";

/** The spans of one request or event: a root, and below it one for each stage and each fetch. */
export class SampledTrace implements RequestHooks {
  readonly #root: RecordedSpan;

  constructor(root: RecordedSpan) {
    this.#root = root;
  }

  onStage(stage: Stage): () => void {
    const span = this.#root.child(stage, SpanKind.INTERNAL);
    return () => span.end();
  }

  onPlan({ kind, operationName }: PlannedOperation): void {
    const { attributes } = this.#root;
    attributes["graphql.operation.type"] = kind;
    if (operationName !== null) attributes["graphql.operation.name"] = operationName;
  }

  onSubgraphFetch({ subgraph, entities, headers }: SubgraphFetch): AfterFetch {
    const attributes: Attributes = {
      "http.request.method": "POST",
      "router.subgraph.name": subgraph,
      "router.subgraph.entities": entities,
    };
    const span = this.#root.child(`fetch ${subgraph}`, SpanKind.CLIENT, attributes);
    const { traceId, spanId, traceState } = span.spanContext();
    headers["traceparent"] = `00-${traceId}-${spanId}-01`;
    const tracestate = traceState?.serialize();
    if (tracestate) headers["tracestate"] = tracestate;
    return ({ status, bytes, errorCode }) => {
      if (status !== null) {
        attributes["http.response.status_code"] = status;
        attributes["http.response.body.size"] = bytes;
      }
      fail(span, errorCode);
      span.end();
    };
  }

  onResponse({ status, bytes, errorCodes }: PluginResponse): void {
    const { attributes } = this.#root;
    attributes["http.response.status_code"] = status;
    attributes["http.response.body.size"] = bytes;
    const isClients = status >= 400 && status < 500;
    if (!isClients) fail(this.#root, errorCodes[0] ?? null);
    else if (errorCodes[0] !== undefined) attributes["error.type"] = errorCodes[0];
    this.#root.end();
  }
}

function fail(span: RecordedSpan, code: string | null): void {
  if (code === null) return;
  span.attributes["error.type"] = code;
  span.fail();
}
