import { DataSource } from "@mib/protocol/messages.generated";
import { openEngineSession, type EngineSession } from "../engine-session.ts";
import type { Feed, FeedContext } from "../feed.ts";
import { reconnectBackoff, type BackoffOptions } from "./backoff.ts";
import { openVenue } from "./open-venue.ts";
import { nowNanos, VenueConnection } from "./venue-connection.ts";
import type { OpenVenue, Venue, VenueCounts } from "./venue.ts";

export interface LiveFeedOptions {
  venue: Venue;
  /** Null: those of the venue's own choice. */
  symbols: readonly string[] | null;
  reconnectMsMin: number;
}

const COUNT_MS = 1_000;

/**
 * An exchange's public market data, live. A venue that can't be reached is tried again and again with growing waits; until then
 * health and metrics say so, and the process stays up. The session is named after the venue and the start: what was missed
 * while the process was away can't be told again.
 */
export class LiveFeed implements Feed {
  readonly name: string;
  readonly #options: LiveFeedOptions;

  constructor(options: LiveFeedOptions) {
    this.name = options.venue.name;
    this.#options = options;
  }

  async run(context: FeedContext): Promise<void> {
    const { signal } = context;
    const connections: VenueConnection[] = [];
    let trouble: string | null = "the venue has not been asked for its instruments yet";
    // A venue out of reach is no fault of this process: said here, and not by failing, which would take the stack down.
    context.health.check("venue", () => ({
      venue: this.name,
      connected: connections.length > 0 && connections.every(({ status }) => status.state === "CONNECTED"),
      ...(trouble === null ? {} : { trouble }),
      connections: connections.map(({ status }) => status),
    }));
    await using session = await openEngineSession(context, {
      session: `live:${this.name}:${nowNanos()}`,
      feed: this.name,
      source: DataSource.LIVE,
    });
    const venue = await openVenue({
      venue: this.#options.venue,
      symbols: this.#options.symbols,
      sink: session.sink,
      log: context.log,
      signal,
      backoff: this.#backoff,
      onTrouble: (reason) => (trouble = reason),
    });
    trouble = null;
    const symbols = venue.instruments.map(({ definition }) => definition.symbol);
    context.log.info({ venue: this.name, symbols }, "the venue's instruments are known");
    connections.push(...venue.lines.map((line) => this.#connection(context, session, line)));
    const counting = countRegularly(context, venue);
    try {
      await Promise.all(connections.map((connection) => connection.run()));
    } finally {
      counting.stop();
      if (!signal.aborted) context.log.error({ venue: this.name }, "the feed can't go on");
    }
  }

  #connection(context: FeedContext, session: EngineSession, line: OpenVenue["lines"][number]): VenueConnection {
    const { metrics, log, signal } = context;
    metrics.venueConnected.set({ line: line.name }, 0);
    return new VenueConnection(line, {
      log,
      signal,
      backoff: this.#backoff,
      room: () => (session.full ? session.room() : null),
      onBadMessage: () => metrics.badMessages.inc(),
      onConnected: (connected) => {
        metrics.venueConnected.set({ line: line.name }, connected ? 1 : 0);
        if (connected) metrics.venueConnections.inc({ line: line.name });
      },
    });
  }

  get #backoff(): BackoffOptions {
    return reconnectBackoff(this.#options.reconnectMsMin);
  }
}

function countRegularly({ metrics }: FeedContext, venue: OpenVenue): { stop(): void } {
  const counted: VenueCounts = { repeats: 0, holes: 0 };
  const count = () => {
    const now = { ...venue.counts() };
    metrics.repeats.inc(now.repeats - counted.repeats);
    metrics.holes.inc(now.holes - counted.holes);
    Object.assign(counted, now);
  };
  const timer = setInterval(count, COUNT_MS);
  return {
    stop() {
      clearInterval(timer);
      count();
    },
  };
}
