import { Gauge, type Registry } from "@mib/service/metrics";

/** Tells until when the certificate is good that clients are shown: one that is forgotten is to be noticed before it ends. */
export function registerTlsMetrics(registry: Registry, certificateEndsAt: () => Date): void {
  const gauge = new Gauge({
    name: "router_tls_certificate_not_after_seconds",
    help: "Unix time at which the certificate that clients are shown ends.",
    aggregator: "min",
    registers: [],
    collect() {
      this.set(certificateEndsAt().getTime() / 1_000);
    },
  });
  registry.registerMetric(gauge);
}
