import { setCurrentOtelContext, useOpenTelemetry } from "@envelop/opentelemetry";
import type { Service } from "@mib/service/run";
import { propagation, ROOT_CONTEXT, SpanKind, type TracerProvider } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import type { Plugin } from "graphql-yoga";
import type { ServerContext } from "./call.ts";

/** Exports spans to this endpoint until the service shuts down; without an endpoint there is no tracing. */
export function startTracing(service: Service, endpoint: string | undefined): TracerProvider | null {
  if (endpoint === undefined) return null;
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ "service.name": service.name }),
    spanProcessors: [
      new BatchSpanProcessor(new OTLPTraceExporter({ url: new URL("v1/traces", withSlash(endpoint)).href })),
    ],
  });
  provider.register();
  service.onShutdown("tracing", () => provider.shutdown());
  return provider;
}

/** A span for each operation, in the trace that the caller's `traceparent` names. */
export function useTracing(name: string, provider: TracerProvider): object[] {
  const readContext: Plugin<ServerContext> = {
    onExecute({ args }) {
      const context = args.contextValue as ServerContext;
      setCurrentOtelContext(context, propagation.extract(ROOT_CONTEXT, context.call.details.headers));
    },
  };
  return [
    readContext,
    useOpenTelemetry({ document: false, variables: false, result: false }, provider, SpanKind.SERVER, {}, name),
  ];
}

function withSlash(endpoint: string): string {
  return endpoint.endsWith("/") ? endpoint : `${endpoint}/`;
}
