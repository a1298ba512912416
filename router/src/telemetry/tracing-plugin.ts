import { createTraceState, SpanKind, TraceFlags, type Attributes, type SpanContext } from "@opentelemetry/api";
import type { PluginRequest, RouterPlugin } from "../plugins/plugin.ts";
import { RecordedSpan, type SpanSink } from "./recorded-span.ts";
import { SampledTrace } from "./sampled-trace.ts";
import { readTraceContext, TRACE_ID, traceContextOf, type TraceContext } from "./trace-context.ts";
import { UnsampledTrace } from "./unsampled-trace.ts";

/**
 * Makes spans of what is sampled, and tells subgraphs the trace in any case. Who calls decides whether a request is sampled
 * by its `traceparent`; without one the ratio does. An event is sampled when its own trace is.
 */
export function tracingPlugin(
  sink: SpanSink,
  { sampleRatio, random = Math.random }: { sampleRatio: number; random?: () => number },
): Required<Pick<RouterPlugin, "name" | "onRequest" | "onEvent">> {
  return {
    name: "traces",
    onRequest(request) {
      const parent = traceContextOf(request.headers);
      if (!(parent ? parent.sampled : random() < sampleRatio)) return new UnsampledTrace(parent);
      const name = request.transport === "http" ? `${request.method} ${request.path}` : "graphql-transport-ws";
      const attributes = attributesOf(request);
      const root = new RecordedSpan(sink, { name, kind: SpanKind.SERVER, parent: contextOf(parent), attributes });
      request.context[TRACE_ID] = root.spanContext().traceId;
      return new SampledTrace(root);
    },
    onEvent({ operationName, topic, channel, traceparent }) {
      const parent = readTraceContext(traceparent);
      if (!parent?.sampled) return new UnsampledTrace(parent);
      const attributes: Attributes = {
        "graphql.operation.type": "subscription",
        ...(topic !== null && { "messaging.destination.name": topic }),
        ...(channel !== null && { "router.stream.channel": channel }),
      };
      if (operationName !== null) attributes["graphql.operation.name"] = operationName;
      const name = topic === null ? "event" : `event ${topic}`;
      return new SampledTrace(
        new RecordedSpan(sink, { name, kind: SpanKind.CONSUMER, parent: contextOf(parent), attributes }),
      );
    },
  };
}

function attributesOf({ id, transport, method, path, headers, address }: PluginRequest): Attributes {
  const common = { "router.request.id": id, "client.address": address };
  if (transport === "ws") return { ...common, "network.protocol.name": "websocket" };
  const userAgent = headers?.["user-agent"];
  return {
    ...common,
    "http.request.method": method!,
    "http.route": path!,
    "url.path": path!,
    "url.scheme": "http",
    ...(userAgent !== undefined && { "user_agent.original": userAgent }),
  };
}

function contextOf(parent: TraceContext | null): SpanContext | null {
  if (parent === null) return null;
  const { traceId, spanId, tracestate } = parent;
  return {
    traceId,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
    ...(tracestate !== null && { traceState: createTraceState(tracestate) }),
  };
}
