import { metricOf } from "./stack/admin-process.ts";
import type { FaultStack } from "./stack/fault-stack.ts";

/** What shows that the run has been where it wanted to be, from the parts' own counters. */
const ROUTER_COUNTERS = {
  "holes in pub/sub that were closed": "router_stream_holes_total",
  "events read from Kafka": "router_stream_history_events_total",
  "events replayed": "router_stream_replayed_total",
  "times that a slow client fell behind": "router_stream_fallen_behind_total",
  "messages that a router had already": "router_stream_duplicates_total",
};
const RELAY_COUNTERS = {
  "records that the relay had already": "relay_duplicates_total",
  "windows filled again": "relay_refills_total",
  "times that Redis had less than it had": "relay_went_back_total",
  "records out of order": "relay_out_of_order_total",
};

const MEMORY = "process_resident_memory_bytes";

/** Sums counters of processes that are killed now and then: what one counted since the last reading dies with it. */
export class Counters {
  readonly #sums = new Map<string, number>();
  readonly #last = new Map<string, number>();

  async read({ routers, relay }: FaultStack): Promise<void> {
    for (const { adminUrl } of routers) await this.#readFrom(adminUrl, ROUTER_COUNTERS);
    await this.#readFrom(relay.adminUrl, RELAY_COUNTERS);
    await this.#readMemory(
      "MB of memory that a router had at most",
      routers.map(({ adminUrl }) => adminUrl),
    );
    await this.#readMemory("MB of memory that the relay had at most", [relay.adminUrl]);
  }

  get sums(): ReadonlyMap<string, number> {
    return this.#sums;
  }

  async #readFrom(adminUrl: string, counters: Record<string, string>): Promise<void> {
    for (const [name, metric] of Object.entries(counters)) {
      // A process that does not answer counts nothing now.
      const value = await metricOf(adminUrl, metric).catch(() => 0);
      const key = `${adminUrl} ${metric}`;
      const last = this.#last.get(key) ?? 0;
      this.#last.set(key, value);
      this.#sums.set(name, (this.#sums.get(name) ?? 0) + (value >= last ? value - last : value));
    }
  }

  async #readMemory(name: string, adminUrls: readonly string[]): Promise<void> {
    for (const adminUrl of adminUrls) {
      const bytes = await metricOf(adminUrl, MEMORY).catch(() => 0);
      this.#sums.set(name, Math.max(this.#sums.get(name) ?? 0, Math.round(bytes / 2 ** 20)));
    }
  }
}
