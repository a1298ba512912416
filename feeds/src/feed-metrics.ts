import { Counter, Gauge, type Registry } from "@mib/service/metrics";

/** What a session says of itself. */
export interface SessionStatus {
  connected: boolean;
  nextSequence: number;
  durableSequence: number;
}

export type FeedMetrics = ReturnType<typeof createFeedMetrics>;

/** What a feed counts; `record` is trade, quote, book_delta (levels), book_snapshot, bar, clock, gap or instrument. */
export function createFeedMetrics(registry: Registry) {
  const registers = [registry];
  let session: SessionStatus | null = null;
  const gaugeOfSession = (name: string, help: string, value: (status: SessionStatus) => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        if (session) this.set(value(session));
      },
    });
  gaugeOfSession("feed_engine_connected", "1 while the session with the engine is connected.", ({ connected }) =>
    connected ? 1 : 0,
  );
  gaugeOfSession(
    "feed_sequence",
    "Sequence of the last record given to the session.",
    ({ nextSequence }) => nextSequence - 1,
  );
  gaugeOfSession(
    "feed_durable_sequence",
    "All records up to this one are on the engine's disk.",
    ({ durableSequence }) => durableSequence,
  );
  return {
    records: new Counter({
      name: "feed_records_total",
      help: "Records given to the session, those that the engine had included.",
      labelNames: ["record"],
      registers,
    }),
    refused: new Counter({
      name: "feed_records_refused_total",
      help: "Records that the engine did not take.",
      labelNames: ["reason"],
      registers,
    }),
    badMessages: new Counter({ name: "feed_messages_bad_total", help: "Messages that could not be read.", registers }),
    repeats: new Counter({
      name: "feed_messages_repeated_total",
      help: "Messages that the venue sent twice; dropped.",
      registers,
    }),
    holes: new Counter({ name: "feed_holes_total", help: "Holes in the venue's own numbers.", registers }),
    venueConnected: new Gauge({
      name: "feed_venue_connected",
      help: "1 while a line to the venue is connected.",
      labelNames: ["line"],
      registers,
    }),
    venueConnections: new Counter({
      name: "feed_venue_connections_total",
      help: "Connections to the venue that were made.",
      labelNames: ["line"],
      registers,
    }),
    events: new Counter({
      name: "feed_events_total",
      help: "Articles, posts, sensors and readings that Kafka has.",
      labelNames: ["topic"],
      registers,
    }),
    eventsLost: new Counter({
      name: "feed_events_lost_total",
      help: "Articles, posts, sensors and readings dropped because too many waited for Kafka.",
      labelNames: ["topic"],
      registers,
    }),
    itemsAccepted: new Counter({
      name: "feed_items_accepted_total",
      help: "Items given in by HTTP that Kafka has.",
      labelNames: ["kind"],
      registers,
    }),
    itemsRejected: new Counter({
      name: "feed_items_rejected_total",
      help: "Items given in by HTTP that do not fit their schema; they are in the dead letters.",
      labelNames: ["kind"],
      registers,
    }),
    /** Shows the figures of this session from now on. */
    watch(status: SessionStatus): void {
      session = status;
    },
    lagSeconds: new Gauge({
      name: "feed_lag_seconds",
      help: "How far the feed is behind its own schedule.",
      registers,
    }),
  };
}
