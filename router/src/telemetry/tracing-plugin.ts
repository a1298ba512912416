import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Tracer,
} from "@opentelemetry/api";
import type { PluginRequest, RouterPlugin } from "../plugins/plugin.ts";
import { SampledTrace } from "./sampled-trace.ts";
import { readTraceContext, TRACE_ID, traceContextOf, type TraceContext } from "./trace-context.ts";
import { UnsampledTrace } from "./unsampled-trace.ts";

/**
 * Makes spans of what is sampled, and tells subgraphs the trace in any case. Who calls decides whether a request is sampled
 * by its `traceparent`; without one the ratio does. An event is sampled when its own trace is.
 */
export function tracingPlugin(
  tracer: Tracer,
  { sampleRatio, random = Math.random }: { sampleRatio: number; random?: () => number },
): Required<Pick<RouterPlugin, "name" | "onRequest" | "onEvent">> {
  return {
    name: "traces",
    onRequest(request) {
      const parent = traceContextOf(request.headers);
      if (!(parent ? parent.sampled : random() < sampleRatio)) return new UnsampledTrace(parent);
      const name = request.transport === "http" ? `${request.method} ${request.path}` : "graphql-transport-ws";
      const options = { kind: SpanKind.SERVER, attributes: attributesOf(request) };
      const root = tracer.startSpan(name, options, contextOf(parent));
      request.context[TRACE_ID] = root.spanContext().traceId;
      return new SampledTrace(tracer, root);
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
      const options = { kind: SpanKind.CONSUMER, attributes };
      return new SampledTrace(
        tracer,
        tracer.startSpan(topic === null ? "event" : `event ${topic}`, options, contextOf(parent)),
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

function contextOf(parent: TraceContext | null): Context {
  if (parent === null) return ROOT_CONTEXT;
  const { traceId, spanId, tracestate } = parent;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
    ...(tracestate !== null && { traceState: createTraceState(tracestate) }),
  });
}
