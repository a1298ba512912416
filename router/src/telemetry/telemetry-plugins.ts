import type { Logger } from "@mib/service/log";
import type { TelemetryConfig } from "../config/telemetry-config.ts";
import type { RouterPlugin } from "../plugins/plugin.ts";
import { accessLogPlugin } from "./access-log-plugin.ts";

/** The plugins that observe: what the configuration asks for, and nothing else. */
export async function telemetryPlugins(
  { service_name: serviceName, traces, access_log: accessLog }: TelemetryConfig,
  log: Logger,
): Promise<RouterPlugin[]> {
  const plugins: RouterPlugin[] = [];
  if (traces.otlp_url !== null) {
    // Loaded only where it is wanted: a router without traces starts without it.
    const { startTracing } = await import("./start-tracing.ts");
    plugins.push(
      startTracing({
        serviceName,
        otlpUrl: traces.otlp_url,
        sampleRatio: traces.sample_percent / 100,
        spansWaitingMax: traces.spans_waiting_max,
      }),
    );
  }
  if (accessLog)
    plugins.push(accessLogPlugin(log, { sampleRatio: accessLog.sample_percent / 100, slowMs: accessLog.slow_ms }));
  return plugins;
}
