import { z } from "zod";
import { count, url } from "./setting-types.ts";

const percent = () => z.number().min(0).max(100);

const traces = z.strictObject({
  otlp_url: url()
    .nullable()
    .default(null)
    .describe(
      "An OTLP collector over HTTP, without v1/traces. OTEL_EXPORTER_OTLP_ENDPOINT where it is not set; null: no traces.",
    ),
  sample_percent: percent()
    .default(1)
    .describe("Of the requests whose traceparent does not say whether they are sampled."),
  spans_waiting_max: count(1).default(2_048).describe("Spans that may wait for the collector; more are dropped."),
});

const accessLog = z.strictObject({
  sample_percent: percent()
    .default(100)
    .describe("Of the requests; those with errors and slow ones are always logged."),
  slow_ms: count().default(1_000).describe("A request that takes as long is logged in any case."),
});

export const telemetrySchema = z.strictObject({
  service_name: z.string().min(1).default("router").describe("What traces call this router."),
  traces: traces.prefault({}),
  access_log: accessLog.nullable().default(null).describe("{} for the defaults, null for none."),
});

export type TelemetryConfig = z.output<typeof telemetrySchema>;
