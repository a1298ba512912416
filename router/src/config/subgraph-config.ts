import { z } from "zod";
import { headerRule } from "./header-rule-config.ts";
import { count, url } from "./setting-types.ts";

const retries = z.strictObject({
  retries_max: count(1).default(2).describe("Attempts after the first. Queries only, never mutations."),
  budget_percent: z
    .number()
    .min(0)
    .max(100)
    .default(20)
    .describe("Retries as a part of the recent requests to the subgraph."),
  retries_min: count().default(10).describe("Retries that five seconds may have however few requests there were."),
  backoff_ms: count(1)
    .default(20)
    .describe("Bound of the first wait, which is chosen at random; it doubles each time."),
  backoff_ms_max: count(1).default(1_000),
});

const circuitBreaker = z.strictObject({
  failure_percent: z.number().gt(0).max(100).default(50).describe("Of the recent requests, for the circuit to open."),
  requests_min: count(1).default(20).describe("Fewer requests in a window never open it."),
  window_ms: count(100).default(10_000),
  open_ms: count(1).default(5_000).describe("How long it stays open before probes may pass."),
  probes_max: count(1).default(1).describe("Probes at a time; as many successes close it."),
});

const hedging = z.strictObject({
  delay_ms: count(1).default(100).describe("A query without an answer after it is asked a second time."),
  delay_percentile: z
    .number()
    .min(50)
    .max(99.9)
    .nullable()
    .default(null)
    .describe("The delay is this percentile of the subgraph's recent latencies; delay_ms holds until some are known."),
  budget_percent: z
    .number()
    .min(0)
    .max(100)
    .default(5)
    .describe("Second requests as a part of the recent requests to the subgraph."),
  hedges_min: count()
    .default(1)
    .describe("Second requests that five seconds may have however few requests there were."),
});

const subscriptions = z.strictObject({
  protocol: z.enum(["graphql-ws", "sse"]).default("graphql-ws").describe("graphql-ws: graphql-transport-ws."),
  heartbeat_ms: count(1)
    .default(15_000)
    .describe("A connection that is silent for twice as long is lost; by graphql-ws it is pinged in between."),
  reconnects_max: count().default(10).describe("Attempts in a row after a connection was lost."),
  backoff_ms: count(1)
    .default(100)
    .describe("Bound of the first wait, which is chosen at random; it doubles each time."),
  backoff_ms_max: count(1).default(5_000),
  open_max: count(1).default(10_000).describe("Subscriptions at the subgraph at a time."),
  queue_max: count(1).default(1_000).describe("Events that may wait while the rest of a plan is slow."),
  shared: z.boolean().default(true).describe("Whether clients that ask for the same share one subscription."),
});

const SCHEMES = { "graphql-ws": /^(https?|wss?):/i, sse: /^https?:/i };

/** What may hold for all subgraphs at once. */
const shared = {
  timeout_ms: count(1).describe("For one request and its answer, retries included.").default(10_000),
  response_bytes_max: count(1).describe("Past it the answer is refused.").default(16_777_216),
  connections_max: count(1).describe("Connections to its address that are kept open.").default(128),
  http_client: z
    .enum(["lean", "undici"])
    .describe("lean: the router's own client for HTTP/1.1, for http URLs. undici: as https URLs in any case.")
    .default("lean"),
  headers: z
    .array(headerRule)
    .describe("Rules about what is sent to it, applied in order; those of all subgraphs come first.")
    .default([]),
  retries: retries.nullable().describe("{} for the defaults, null for none.").default(null),
  circuit_breaker: circuitBreaker.nullable().describe("{} for the defaults, null for none.").default(null),
  hedging: hedging.nullable().describe("{} for the defaults, null for none.").default(null),
  subscriptions: subscriptions.describe("How it is subscribed to.").prefault({}),
};

export const allSubgraphsSchema = z.strictObject(shared);

export const subgraphSchema = z.strictObject({
  identity: z
    .enum(["none", "mutations", "subject"])
    .default("none")
    .describe(
      "none: the subgraph never learns who calls, so its answers may be shared between users. mutations: it learns it in mutations, which are never shared. subject: it learns it.",
    ),
  turns: z
    .boolean()
    .default(false)
    .describe(
      "Whether it is told, by an opaque name, which requests are of one caller where it does not learn who calls, so that it can let callers take turns.",
    ),
  url: url().nullable().default(null).describe("Replaces the routing URL of the supergraph."),
  ready_url: url().nullable().default(null).describe("Asked by /ready, which reports it and does not depend on it."),
  timeout_ms: shared.timeout_ms.unwrap().optional(),
  response_bytes_max: shared.response_bytes_max.unwrap().optional(),
  connections_max: shared.connections_max.unwrap().optional(),
  http_client: shared.http_client.unwrap().optional(),
  headers: shared.headers.unwrap().optional(),
  retries: shared.retries.unwrap().optional(),
  circuit_breaker: shared.circuit_breaker.unwrap().optional(),
  hedging: shared.hedging.unwrap().optional(),
  subscriptions: subscriptions
    .extend({
      url: url()
        .nullable()
        .default(null)
        .describe("Where subscriptions go; null: where requests go, for graphql-ws with ws: or wss:."),
    })
    .refine(({ protocol, url: address }) => address === null || SCHEMES[protocol].test(address), {
      path: ["url"],
      message: "must be http: or https:, for graphql-ws also ws: or wss:",
    })
    .optional(),
});

type AllSubgraphs = z.output<typeof allSubgraphsSchema>;
type OwnSettings = z.output<typeof subgraphSchema>;

export type SubgraphConfig = Omit<AllSubgraphs, "subscriptions"> &
  Pick<OwnSettings, "identity" | "turns" | "url" | "ready_url"> & {
    subscriptions: NonNullable<OwnSettings["subscriptions"]>;
  };

/** What a subgraph gets that has no settings of its own. */
export function settingsOfNone(all: AllSubgraphs): SubgraphConfig {
  return settingsOf(all, { identity: "none", turns: false, url: null, ready_url: null });
}

/** A subgraph's own settings over those of all. */
export function settingsOf(all: AllSubgraphs, own: OwnSettings): SubgraphConfig {
  const { headers = [], identity, turns, url: ownUrl, ready_url, subscriptions: ownSubscriptions, ...given } = own;
  return {
    ...all,
    ...(given as Partial<AllSubgraphs>), // zod leaves out what is not there
    headers: [...all.headers, ...headers],
    subscriptions: ownSubscriptions ?? { ...all.subscriptions, url: null },
    identity,
    turns,
    url: ownUrl,
    ready_url,
  };
}
