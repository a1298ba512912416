import type { Registry } from "@mib/service/metrics";
import type { GroupEvent } from "../streams/group.ts";
import { BucketHistogram, type Buckets } from "./bucket-histogram.ts";

const BOUNDS_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60];

/** The topic of events that a subgraph sent. */
const NO_TOPIC = "none";

/**
 * How old events are when their bytes have been handed to the sockets: since the broker took them, and since they happened,
 * where a field of them says when that was. Of a subgraph's event it is the time since it arrived here.
 */
export class EventAges {
  readonly #histogram: BucketHistogram;
  readonly #timeFields: Readonly<Record<string, string>>;
  readonly #series = new Map<string, { broker: Buckets; event: Buckets | null; timeField: string | null }>();
  /** Deliveries of this turn: their age is taken when it is over. */
  #delivered: { event: GroupEvent; subscribers: number }[] = [];

  /** `timeFields`: by topic, the field of an event that says when it happened, in RFC 3339. */
  constructor(registry: Registry, timeFields: Readonly<Record<string, string>>) {
    this.#timeFields = timeFields;
    this.#histogram = new BucketHistogram({
      name: "router_stream_event_age_seconds",
      help: "Age of events at the socket write, by topic, since the broker took them (broker), they happened (event), or a subgraph's came here (arrival).",
      bounds: BOUNDS_SECONDS,
      registry,
    });
  }

  /** Each of so many subscribers was handed the event. */
  delivered(event: GroupEvent, subscribers: number): void {
    // Bytes leave at the end of the turn, by a callback that was asked for before this one.
    if (this.#delivered.length === 0) setImmediate(() => this.#observe());
    this.#delivered.push({ event, subscribers });
  }

  #observe(): void {
    const now = Date.now();
    for (const { event, subscribers } of this.#delivered) {
      const { broker, event: happened, timeField } = this.#seriesOf(event.topic ?? NO_TOPIC);
      broker.observe(secondsSince(event.entry.brokerTimeMs, now), subscribers);
      if (timeField === null) continue;
      const timeMs = Date.parse(String((event.payload as Record<string, unknown> | null)?.[timeField]));
      if (!Number.isNaN(timeMs)) happened!.observe(secondsSince(timeMs, now), subscribers);
    }
    this.#delivered = [];
  }

  /** Topics are those of the supergraph, so there are not many. */
  #seriesOf(topic: string) {
    let series = this.#series.get(topic);
    if (!series) {
      const timeField = this.#timeFields[topic] ?? null;
      series = {
        broker: this.#histogram.with({ since: topic === NO_TOPIC ? "arrival" : "broker", topic }),
        event: timeField === null ? null : this.#histogram.with({ since: "event", topic }),
        timeField,
      };
      this.#series.set(topic, series);
    }
    return series;
  }
}

/** What clocks that differ make of it is no less than nothing. */
const secondsSince = (timeMs: number, nowMs: number): number => Math.max(0, nowMs - timeMs) / 1_000;
