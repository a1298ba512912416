import { field } from "@mib/service/config";

/** The variables that every subgraph reads; a subgraph adds its own: `readConfig({ ...subgraphConfig(4001), … })`. */
export function subgraphConfig(port: number) {
  return {
    HOST: field.host(),
    PORT: field.port(port),
    DATABASE_URL: field.url(),
    DATABASE_CONNECTIONS_MAX: field.count(10, { least: 1, most: 200 }),
    IDENTITY_PUBLIC_KEY_FILE: field.text(),
    OTEL_EXPORTER_OTLP_ENDPOINT: field.optional(field.url()),
    REQUEST_TIMEOUT_MS: field.milliseconds(10_000, { least: 100 }),
    REQUEST_BYTES_MAX: field.bytes(4_194_304, { least: 1_024 }),
    OPERATION_TOKENS_MAX: field.count(4_000, { least: 100 }),
    OPERATION_DEPTH_MAX: field.count(20, { least: 2 }),
  };
}
