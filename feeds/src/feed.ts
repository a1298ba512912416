import type { Health } from "@mib/service/health";
import type { Logger } from "@mib/service/log";
import type { EventOutlet } from "./event-outlet.ts";
import type { FeedMetrics } from "./feed-metrics.ts";

/** What a feed gets from the process that it runs in. */
export interface FeedContext {
  /** `unix:/path` or `tcp:host:port` of each engine, in the order of their shards. */
  engineAddresses: readonly string[];
  /** For what is no market data. */
  events: EventOutlet;
  log: Logger;
  metrics: FeedMetrics;
  health: Health;
  /** Every so many trades one is traced; 0: none. */
  traceEvery: number;
  /** Aborted when the feed is to end. */
  signal: AbortSignal;
}

/** A source of market data or news. Adapters of exchanges, pollers and recorders are further implementations. */
export interface Feed {
  /** As feed statuses show it. */
  readonly name: string;
  /**
   * Runs until there is nothing more to come or the signal is aborted; what it wrote is durable then, as far as the engine
   * could be reached. Fails only when it can't go on.
   */
  run(context: FeedContext): Promise<void>;
}
