import { urls } from "@mib/service/config";
import { z } from "zod";
import { isCredential } from "../subgraph-client/header-names.ts";
import type { HeaderRule } from "./header-rule-config.ts";
import { http2Schema, tlsSchema } from "./listener-config.ts";
import { count, list, url } from "./setting-types.ts";
import { supergraphSourceSchema } from "./supergraph-source-config.ts";
import {
  allSubgraphsSchema,
  settingsOf,
  settingsOfNone,
  subgraphSchema,
  type SubgraphConfig,
} from "./subgraph-config.ts";
import { telemetrySchema } from "./telemetry-config.ts";

const rateLimit = z.strictObject({ requests_max: count(1), window_seconds: count(1).default(60) });

const limits = z.strictObject({
  body_bytes_max: count(1).default(1_048_576).describe("Past it a request gets 413."),
  header_bytes_max: count(1_024).default(16_384),
  url_bytes_max: count(1_024).default(16_384),
  variables_bytes_max: count(2).default(524_288).describe("As JSON."),
  tokens_max: count(1).max(20_000).default(10_000),
  depth_max: count(1).default(24),
  height_max: count(1)
    .max(10_000)
    .default(5_000)
    .describe("Fields in all, those of a fragment each time that it is spread."),
  aliases_max: count().default(200),
  root_fields_max: count(1).default(50),
  directives_max: count().default(200),
  operation_timeout_ms: count(1).default(30_000).describe("For a query or mutation, all its subgraphs included."),
  operations_cached_max: count(1).default(512).describe("Plans that are kept, least recently used out first."),
  operations_cached_bytes_max: count(1).default(33_554_432).describe("Memory for them, as it is estimated."),
});

const websocket = z.strictObject({
  connections_max: count(1).default(20_000),
  connections_per_address_max: count(1).default(5_000),
  operations_per_connection_max: count(1).default(500),
  message_bytes_max: count(1).default(1_048_576),
  init_timeout_ms: count(1).default(10_000),
  ping_interval_ms: count(100).default(15_000),
  heads_interval_ms: z
    .union([z.literal(0), count(100)])
    .default(10_000)
    .describe("So often clients with cursors are told of the newest event that they should have; 0: never."),
  buffer_bytes_max: count(1_024)
    .default(262_144)
    .describe("Bytes that may wait for a socket. Past them LATEST conflates, and EVERY is read from the window later."),
  stall_timeout_ms: count(100)
    .default(30_000)
    .describe("A client that takes nothing of what waits for it for so long is closed with 1013."),
  compression: z
    .strictObject({
      enabled: z.boolean().default(false),
      bytes_min: count().default(1_024).describe("Events and results of fewer bytes are sent as they are."),
    })
    .prefault({})
    .describe("Messages to clients that offer permessage-deflate."),
  drain_ms: count().default(1_000).describe("Over which sockets are closed when the router stops."),
});

const httpSubscriptions = z.strictObject({
  open_max: count(1).default(20_000),
  open_per_address_max: count(1).default(5_000),
  operations_per_stream_max: count(1).default(500).describe("In the single connection mode of GraphQL over SSE."),
  reservation_timeout_ms: count(1)
    .default(10_000)
    .describe("For so long an event stream is kept that was reserved and is not claimed."),
  heartbeat_ms: count(100).default(15_000).describe("So often a response shows that it is alive."),
  buffer_bytes_max: count(1_024)
    .default(262_144)
    .describe("Bytes that may wait for a client. Past them LATEST conflates, and EVERY is read from the window later."),
  stall_timeout_ms: count(100)
    .default(30_000)
    .describe("A client that takes nothing of what waits for it for so long is sent away."),
  retry_ms: count(1)
    .default(1_000)
    .describe(
      "For so long, and up to twice as long by chance, a client that was cut off is to wait before it comes back.",
    ),
  drain_ms: count().default(1_000).describe("Over which subscriptions are ended when the router stops."),
});

const redisStreams = z.strictObject({
  key: z
    .string()
    .refine((key) => ["{topic}", "{channel}"].every((name) => key.split(name).length === 2), {
      message: "must name {topic} and {channel} once each: channels that share a key would be mixed",
    })
    .default("{topic}:{channel}")
    .describe("The key of a channel's stream. The channel * is the topic's name by itself."),
  value_field: z.string().min(1).default("value").describe("The field of an entry that has the event, as JSON."),
});

const streams = z.strictObject({
  redis_url: urls()
    .nullable()
    .default(null)
    .describe("Where streams come from; without it there are none. Of a cluster some of its servers, with commas."),
  redis_cluster: z
    .boolean()
    .default(false)
    .describe("Redis is a cluster: sharded pub/sub. It can't be the source of streams that services fill themselves."),
  redis_streams: redisStreams
    .prefault({})
    .describe("Streams that services fill themselves by XADD (source: REDIS): Redis or Valkey 7 or later."),
  channels_per_subscription_max: count(1).default(500),
  budget: z
    .strictObject({ units_per_second: z.number().positive(), window_seconds: count(1).max(3_600).default(10) })
    .nullable()
    .default(null)
    .describe(
      "What the subscriptions of one caller may cost: an event costs 1 per field and 10 per request to a subgraph. Past it STREAM_BUDGET_EXCEEDED.",
    ),
  group_queue_max: count(1)
    .default(100_000)
    .describe("Events that may wait for one group of subscribers while the rest of its plan is slow."),
  channel_buffer_max: count(1).default(10_000).describe("Messages kept per channel while a window is read."),
  cursor_keys_file: z
    .string()
    .nullable()
    .default(null)
    .describe("Keys that make cursors, by which subscriptions go on after a disconnect; without it they can't."),
  cursor_lifetime_ms: count(1_000).default(86_400_000),
  replay_events_max: count(1)
    .default(10_000)
    .describe("Events that one subscription may be given to catch up; past it it has to begin anew."),
  resumes_per_second_max: count(1)
    .default(2_000)
    .describe("Subscriptions that may begin to catch up in a second, per process; others wait for their turn."),
  resumes_waiting_max: count()
    .default(20_000)
    .describe("Subscriptions that may wait to catch up; past it they are refused with RATE_LIMITED."),
  kafka_brokers: list()
    .nullable()
    .default(null)
    .describe("Where events are read that the store no longer has; without it resuming ends where its windows do."),
  kafka_tls: z.boolean().default(false),
  kafka_sasl: z
    .strictObject({
      mechanism: z.enum(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]),
      username: z.string(),
      password: z.string(),
    })
    .nullable()
    .default(null),
  history: z
    .strictObject({
      requests_max: count(1).default(1_000).describe("Subscriptions that wait for Kafka at the same time."),
      records_max: count(1).default(500_000),
      bytes_max: count(1).default(67_108_864),
      held_bytes_max: count(1)
        .default(134_217_728)
        .describe("Memory for all events that were read and are not delivered yet."),
      timeout_ms: count(100).default(30_000),
    })
    .prefault({})
    .describe("How much of Kafka is read at most to answer one subscription, and how long it may wait."),
  event_time_fields: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe("By topic, the field of an event that says when it happened, for the metric of its age."),
  event_timeout_ms: count(1).default(10_000),
  verify_interval_ms: count(100)
    .default(30_000)
    .describe("Each channel's window is compared with what was delivered at least so often."),
});

const playground = z.strictObject({
  enabled: z.boolean().default(true),
  title: z.string().default("GraphiQL"),
  tabs: z
    .array(
      z.strictObject({
        query: z.string(),
        variables: z.record(z.string(), z.unknown()).optional(),
        headers: z.record(z.string(), z.string()).optional(),
      }),
    )
    .default([]),
});

const authentication = z.strictObject({
  jwks_url: url().nullable().default(null),
  issuer: z.string().nullable().default(null),
  audience: z.string().nullable().default(null),
  api_key_verify_url: url().nullable().default(null),
  api_key_subgraph: z
    .string()
    .nullable()
    .default(null)
    .describe("The subgraph that owns the verify URL: the request to it carries an identity made out to it."),
  revocations: z
    .strictObject({ topic: z.string().min(1), channel: z.string().min(1).default("*") })
    .nullable()
    .default(null)
    .describe("The stream that says which credentials ended before their time; needs streams.redis_url."),
  api_key_cache_ms: count().max(5_000).default(5_000),
  timeout_ms: count(1).default(3_000),
});

const cacheControl = (usual: string) =>
  z
    .string()
    .regex(/^[\x20-\x7e]+$/)
    .nullable()
    .default(usual);

const LOCAL_ORIGINS = ["http", "https"].flatMap((scheme) =>
  ["localhost", "127.0.0.1", "[::1]"].map((host) => `${scheme}://${host}:*`),
);

const settings = z.strictObject({
  supergraph: supergraphSourceSchema,
  listen: z
    .strictObject({
      host: z.string().min(1).default("127.0.0.1"),
      port: count().max(65_535).default(4000),
      path: z.string().startsWith("/").default("/graphql"),
      plain_requests: z
        .boolean()
        .default(true)
        .describe("Whether plain requests by POST are read by the router itself instead of node:http."),
    })
    .prefault({}),
  tls: tlsSchema.nullable().default(null).describe("Without it clients are served in clear."),
  http2: http2Schema.prefault({}).describe("Beside HTTP/1.1."),
  workers: count(1).default(1).describe("Processes that serve on the one port, which must be named then."),
  cors: z
    .strictObject({
      origins: list()
        .default(LOCAL_ORIGINS)
        .describe(
          "Origins whose pages may use the API, over HTTP and WebSocket alike; :* as port stands for any port.",
        ),
    })
    .prefault({}),
  request_sharing: z
    .boolean()
    .default(false)
    .describe("Whether a query gets the answer of one under way that sends every subgraph the same."),
  compression: z
    .strictObject({
      enabled: z.boolean().default(true),
      bytes_min: count().default(1_024).describe("Answers that are smaller are never compressed."),
    })
    .prefault({})
    .describe("Of answers, by br or gzip, for clients that ask for it."),
  cache_control: z
    .strictObject({
      anonymous: cacheControl("no-cache"),
      authenticated: cacheControl("private, no-cache").describe("Where the request carried a credential."),
    })
    .prefault({})
    .describe("What caches are told about answers to GET; null for nothing."),
  playground: playground.prefault({}),
  introspection: z.boolean().default(true),
  query_plans: z
    .boolean()
    .default(true)
    .describe("Whether a request with the header x-query-plan gets its plan in extensions.queryPlan."),
  limits: limits.prefault({}),
  websocket: websocket.prefault({}),
  http_subscriptions: httpSubscriptions.prefault({}).describe("Subscriptions by server-sent events and by multipart."),
  rate_limits: z
    .strictObject({ address: rateLimit.nullable().default(null), identity: rateLimit.nullable().default(null) })
    .prefault({}),
  authentication: authentication.nullable().default(null),
  identity: z
    .strictObject({
      private_key_file: z
        .string()
        .nullable()
        .default(null)
        .describe("Signs what subgraphs are told about the caller; without it they are told nothing."),
    })
    .prefault({}),
  all_subgraphs: allSubgraphsSchema
    .prefault({})
    .describe("Settings of every subgraph; those under `subgraphs` win over them, one by one."),
  subgraphs: z.record(z.string(), subgraphSchema).default({}),
  override_labels: z
    .record(z.string().regex(/^[^\s]+$/), z.boolean())
    .default({})
    .describe(
      "Whether progressive overrides hold, by label. Others: percent(N) is drawn for each request, names do not.",
    ),
  streams: streams.prefault({}),
  telemetry: telemetrySchema.prefault({}),
  plugins: z
    .array(z.string().min(1))
    .default([])
    .describe("Modules whose default export is a plugin, relative to this file; asked in this order."),
  hops: z
    .record(z.string(), url())
    .default({})
    .describe("Other hops of an event's way, whose readiness and lag /ready reports: name → their /ready."),
});

/** The whole of router.yaml. Every field has a default, so that a supergraph alone is enough. */
export const routerConfigSchema = settings
  .superRefine(refuseLeaks)
  .superRefine(refuseSharedFreePort)
  .superRefine(refuseUnheardOf)
  .superRefine(refuseSeveralServers)
  .transform(({ subgraphs, ...rest }) => ({
    ...rest,
    subgraphs: Object.fromEntries(
      Object.entries(subgraphs).map(([name, own]) => [name, settingsOf(rest.all_subgraphs, own)] as const),
    ),
  }));

export type RouterConfig = z.output<typeof routerConfigSchema>;
/** As it is written: what has a default may be left out. */
export type RouterSettings = z.input<typeof routerConfigSchema>;

/** What a subgraph gets, one too that router.yaml does not name. */
export function subgraphConfig(config: RouterConfig, name: string): SubgraphConfig {
  return config.subgraphs[name] ?? settingsOfNone(config.all_subgraphs);
}

/** A subgraph that never learns who calls must not get a credential either, be it by a rule for all. */
function refuseLeaks({ all_subgraphs, subgraphs }: z.output<typeof settings>, context: z.RefinementCtx): void {
  const refuse = (path: (string | number)[]) =>
    context.addIssue({
      code: "custom",
      path,
      message: "forwards a credential to a subgraph whose identity is not subject: set identity: subject there",
    });
  for (const [index, rule] of all_subgraphs.headers.entries())
    if (forwardsCredential(rule)) refuse(["all_subgraphs", "headers", index]);
  for (const [name, { identity, headers = [] }] of Object.entries(subgraphs)) {
    if (identity === "subject") continue;
    for (const [index, rule] of headers.entries())
      if (forwardsCredential(rule)) refuse(["subgraphs", name, "headers", index]);
  }
}

/** Each worker would pick another one. */
function refuseSharedFreePort({ workers, listen }: z.output<typeof settings>, context: z.RefinementCtx): void {
  if (workers > 1 && listen.port === 0)
    context.addIssue({ code: "custom", path: ["listen", "port"], message: "must be a port when there are workers" });
}

/** Behind TLS a client says what it speaks before it begins. */
function refuseUnheardOf({ tls, http2 }: z.output<typeof settings>, context: z.RefinementCtx): void {
  if (tls !== null && http2.prior_knowledge)
    context.addIssue({ code: "custom", path: ["http2", "prior_knowledge"], message: "is for a router without tls" });
}

/** Of servers that are no cluster each has data of its own. */
function refuseSeveralServers(
  { streams: { redis_url, redis_cluster } }: z.output<typeof settings>,
  context: z.RefinementCtx,
): void {
  if (redis_url !== null && redis_url.length > 1 && !redis_cluster)
    context.addIssue({
      code: "custom",
      path: ["streams", "redis_url"],
      message: "may be several of a cluster only: set redis_cluster",
    });
}

function forwardsCredential({ propagate }: HeaderRule): boolean {
  return propagate?.named !== undefined && isCredential(propagate.named);
}
