import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, type ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { RouterPlugin } from "../plugins/plugin.ts";
import { tracingPlugin } from "./tracing-plugin.ts";

/** Less than a shutdown may take. */
const EXPORT_MS_MAX = 3_000;

/** Traces that go to an OTLP collector. The spans that wait are bounded, and sent before the router's end. */
export function startTracing({
  serviceName,
  otlpUrl,
  sampleRatio,
  spansWaitingMax,
}: {
  serviceName: string;
  otlpUrl: string;
  sampleRatio: number;
  spansWaitingMax: number;
}): RouterPlugin {
  const url = new URL("v1/traces", otlpUrl.endsWith("/") ? otlpUrl : `${otlpUrl}/`).href;
  const processor = new BatchSpanProcessor(new OTLPTraceExporter({ url, timeoutMillis: EXPORT_MS_MAX }), {
    maxQueueSize: spansWaitingMax,
    maxExportBatchSize: Math.min(512, spansWaitingMax),
    exportTimeoutMillis: EXPORT_MS_MAX,
  });
  const sink = {
    resource: resourceFromAttributes({ "service.name": serviceName }),
    instrumentationScope: { name: "@mib/router" },
    onEnd: (span: ReadableSpan) => processor.onEnd(span),
  };
  return {
    ...tracingPlugin(sink, { sampleRatio }),
    close: () => processor.shutdown(),
  };
}
