import { Counter, Gauge, Histogram, type Registry } from "@mib/service/metrics";

/** What the relay counts. An event that was out of order was lost to its channel: alarm on it. */
export function createRelayMetrics(registry: Registry, lag: () => ReadonlyMap<string, bigint>) {
  const counter = (name: string, help: string) =>
    new Counter({ name, help, labelNames: ["topic"], registers: [registry] });
  return {
    appended: counter("relay_appended_total", "Events appended and published"),
    duplicates: counter("relay_duplicates_total", "Events refused because their channel has them"),
    outOfOrder: counter("relay_out_of_order_total", "Events refused although their channel never had them"),
    deadLetters: counter("relay_dead_letters_total", "Records put into a dead-letter topic"),
    missed: counter("relay_missed_total", "Records that Kafka no longer had when the relay came to them"),
    refilled: counter("relay_refilled_total", "Events put into windows without publishing"),
    refills: counter("relay_refills_total", "Times that a partition's windows were filled from Kafka"),
    wentBack: counter("relay_went_back_total", "Times that Redis had less than it had, and got it again"),
    lag: new Gauge({
      name: "relay_lag_records",
      help: "Records in Kafka that are not in Redis yet",
      labelNames: ["topic"],
      registers: [registry],
      collect() {
        for (const [topic, records] of lag()) this.set({ topic }, Number(records));
      },
    }),
    age: new Histogram({
      name: "relay_event_age_ms",
      help: "From the broker's time of a record to its publication",
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 30_000],
      registers: [registry],
    }),
  };
}

export type RelayMetrics = ReturnType<typeof createRelayMetrics>;
