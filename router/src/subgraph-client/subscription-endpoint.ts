import { allSubgraphsSchema, type SubgraphConfig } from "../config/subgraph-config.ts";

/** How a subgraph is subscribed to, and what its subscriptions may cost. */
export interface SubscriptionEndpoint {
  protocol: "graphql-ws" | "sse";
  url: string;
  heartbeatMs: number;
  /** Attempts after a loss, one after the other; the first attempt of all is made once. */
  reconnectsMax: number;
  backoffMs: number;
  backoffMsMax: number;
  /** Subscriptions at the subgraph at a time. */
  openMax: number;
  /** Events that may wait for one group of subscribers. */
  queueMax: number;
  /** Whether clients that ask for the same get it from one subscription. */
  isShared: boolean;
}

/** By the settings of a subgraph whose requests go to `url`. */
export function subscriptionEndpoint(config: SubgraphConfig["subscriptions"], url: string): SubscriptionEndpoint {
  const { protocol } = config;
  const address = new URL(config.url ?? url);
  address.hash = ""; // no WebSocket opens with one
  return {
    protocol,
    url: protocol === "sse" ? address.href : address.href.replace(/^http/, "ws"),
    heartbeatMs: config.heartbeat_ms,
    reconnectsMax: config.reconnects_max,
    backoffMs: config.backoff_ms,
    backoffMsMax: config.backoff_ms_max,
    openMax: config.open_max,
    queueMax: config.queue_max,
    isShared: config.shared,
  };
}

export function defaultSubscriptions(url: string): SubscriptionEndpoint {
  return subscriptionEndpoint({ ...allSubgraphsSchema.parse({}).subscriptions, url: null }, url);
}
