import type { IdentitySigner } from "@mib/identity/identity-signer";
import type { Service } from "@mib/service/run";
import { type FollowedRevocations, followRevocations } from "./authentication/follow-revocations.ts";
import { Revocations } from "./authentication/revocations.ts";
import { HttpServer } from "./http/http-server.ts";
import type { Routes } from "./http/routes.ts";
import { HttpSubscriptions } from "./http/subscriptions/http-subscriptions.ts";
import { createFederation } from "./operation/federation.ts";
import { PlannerThread } from "./plan/planner-thread.ts";
import type { Planners } from "./plan/planners.ts";
import type { RouterPlugin } from "./plugins/plugin.ts";
import { composePlugins } from "./plugins/plugins.ts";
import type { Loaded } from "./reload/reloader.ts";
import { RateLimiter } from "./request/rate-limiter.ts";
import {
  createReplaceableParts,
  federationSettings,
  sameFederationSettings,
  streamSourcesOf,
} from "./replaceable-parts.ts";
import { StreamBudgets } from "./request/stream-budgets.ts";
import type { RedisCounters } from "./request/redis-counters.ts";
import type { StreamHub } from "./streams/hub.ts";
import type { Streams } from "./streams/start-streams.ts";
import { registerReadiness } from "./telemetry/readiness.ts";
import { RouterMetrics } from "./telemetry/router-metrics.ts";
import { telemetryPlugins } from "./telemetry/telemetry-plugins.ts";
import { registerSubgraphMetrics } from "./telemetry/subgraph-metrics.ts";
import { registerTlsMetrics } from "./telemetry/tls-metrics.ts";
import { UpstreamHub } from "./upstream/upstream-hub.ts";
import { FrameCompression } from "./websocket/frame-compression.ts";
import { GraphqlWebSocketServer } from "./websocket/websocket-server.ts";

export interface RouterParts extends Loaded {
  /** Signs what subgraphs are told about the caller; null: they are told nothing. */
  signer: IdentitySigner | null;
  /** Answers `/health`, `/ready` and `/metrics`. */
  admin: Routes["admin"];
  /** Closed with the router. Absent: a thread that is begun now. */
  planners?: Planners;
  /** Whether other processes listen on the same port. */
  sharesPort?: boolean;
  /** Beside those that the configuration asks for, and after them. */
  plugins?: readonly RouterPlugin[];
}

const MEASURE_BUDGETS_MS = 1_000;
const REQUESTS_END_MS_MAX = 3_000;

/** A router that listens. */
export interface StartedRouter {
  url: string;
  /** Takes a new configuration, supergraph and key pair into use, or rejects and goes on with the old; requests under way end on the old. */
  replace(next: Loaded): Promise<void>;
}

/** Wires a router and returns when it listens. The service's shutdown ends it: sockets first, subgraph connections last. */
export async function startRouter(
  service: Service,
  {
    config,
    planners = new PlannerThread(),
    supergraphSdl,
    keyPair,
    signer,
    admin,
    sharesPort = false,
    plugins: given = [],
  }: RouterParts,
): Promise<StartedRouter> {
  const { limits, websocket, http_subscriptions: overHttp, listen: address } = config;

  const { log } = service;
  const plugins = composePlugins([...(await telemetryPlugins(config.telemetry, log)), ...given], log);
  service.onShutdown("plugins", () => plugins.close());

  const streamSources = streamSourcesOf(config);
  const federation = await createFederation({
    ...federationSettings(config, streamSources),
    supergraphSdl,
    planners,
  });
  service.onShutdown("subgraph connections", () => federation.close());

  let streams: Streams | null = null;
  let counters: RedisCounters | null = null;
  const metrics = new RouterMetrics(
    service.registry,
    {
      groups: () => sumOf(streams, ({ groupCount }) => groupCount),
      channels: () => sumOf(streams, ({ channelCount }) => channelCount),
      resumesWaiting: () => streams?.resumesWaiting ?? 0,
    },
    config.streams.event_time_fields,
  );
  const { redis_url: urls, redis_cluster: isCluster } = config.streams;
  if (urls !== null) {
    // Loaded only where they are wanted: the clients of Redis and Kafka are large.
    const { startStreams } = await import("./streams/start-streams.ts");
    const { RedisCounters } = await import("./request/redis-counters.ts");
    streams = startStreams({ urls, isCluster }, config.streams, metrics, log);
    counters = new RedisCounters({ urls, isCluster }, log);
  }
  service.onShutdown("streams", () => streams?.close());
  service.onShutdown("rate limits", () => counters?.close());

  const { budget } = config.streams;
  const budgets =
    budget &&
    new StreamBudgets({ unitsPerSecond: budget.units_per_second, windowSeconds: budget.window_seconds }, { counters });
  const measuring = budgets && setInterval(() => void budgets.measure(), MEASURE_BUDGETS_MS).unref();
  service.onShutdown("stream budgets", () => clearInterval(measuring ?? undefined));

  const revocations = new Revocations();
  const revocationStream = config.authentication?.revocations;
  let following: FollowedRevocations | null = null;
  if (revocationStream && streams) {
    following = followRevocations(revocationStream, {
      hub: streams.hubs.KAFKA,
      source: streams.source,
      revocations,
      log,
    });
    service.onShutdown("revocations", () => following?.close());
  } else if (revocationStream) log.warn("revocations are not heard of: streams.redis_url is not set");

  const forSubscriptions = {
    revocations,
    budgets,
    metrics,
    log,
    hubs: streams?.hubs ?? null,
    cursors: streams?.cursors ?? null,
    upstreams: new UpstreamHub(metrics),
    channelsMax: config.streams.channels_per_subscription_max,
  };
  const subscriptions = new HttpSubscriptions({
    ...forSubscriptions,
    get runner() {
      return parts.runner;
    },
    operationsMax: overHttp.operations_per_stream_max,
    reservationTimeoutMs: overHttp.reservation_timeout_ms,
    openMax: overHttp.open_max,
    openPerAddressMax: overHttp.open_per_address_max,
    heartbeatMs: overHttp.heartbeat_ms,
    sharesPort,
    bufferBytesMax: overHttp.buffer_bytes_max,
    stallTimeoutMs: overHttp.stall_timeout_ms,
    retryMs: overHttp.retry_ms,
  });
  const rateLimiter = new RateLimiter({ counters });
  const lasting = { federation, signer, rateLimiter, revocations, subscriptions, metrics, plugins, log };
  let parts = createReplaceableParts(config, lasting);

  // Getters: a request, and a socket when it opens, takes what is in use at that moment.
  const { http2 } = config;
  const http = new HttpServer({
    path: address.path,
    get endpoint() {
      return parts.endpoint;
    },
    get eventStreams() {
      return parts.eventStreams;
    },
    get playground() {
      return parts.playground;
    },
    get origins() {
      return parts.origins;
    },
    admin,
    headerBytesMax: limits.header_bytes_max,
    plain: address.plain_requests,
    keyPair,
    http2: (keyPair === null ? http2.prior_knowledge : http2.enabled)
      ? {
          requestsPerConnectionMax: http2.requests_per_connection_max,
          stallTimeoutMs: overHttp.stall_timeout_ms,
        }
      : null,
    get bodyBytesMax() {
      return parts.config.limits.body_bytes_max;
    },
    get urlBytesMax() {
      return parts.config.limits.url_bytes_max;
    },
  });
  const sockets = new GraphqlWebSocketServer({
    get runner() {
      return parts.runner;
    },
    get authenticator() {
      return parts.authenticator;
    },
    get limits() {
      return parts.limits;
    },
    get origins() {
      return parts.origins;
    },
    ...forSubscriptions,
    path: address.path,
    operationsMax: websocket.operations_per_connection_max,
    bufferBytesMax: websocket.buffer_bytes_max,
    initTimeoutMs: websocket.init_timeout_ms,
    stallTimeoutMs: websocket.stall_timeout_ms,
    connectionsMax: websocket.connections_max,
    connectionsPerAddressMax: websocket.connections_per_address_max,
    messageBytesMax: websocket.message_bytes_max,
    pingIntervalMs: websocket.ping_interval_ms,
    headsIntervalMs: websocket.heads_interval_ms,
    compression: websocket.compression.enabled ? new FrameCompression(websocket.compression.bytes_min) : null,
  });
  sockets.attach(http.server);
  metrics.watchBacklog({ ws: () => sockets.backlogBytes, http: () => subscriptions.backlogBytes });
  registerSubgraphMetrics(service.registry, () => federation.subgraphStates);
  if (keyPair !== null) registerTlsMetrics(service.registry, () => http.certificateEndsAt!);
  registerReadiness(service.health, { federation, streams: streams?.source ?? null, revocations: following, config });

  const port = await http.listen({ ...address, shared: sharesPort });
  service.onShutdown("listener", async () => {
    http.close();
    await Promise.all([sockets.drain(websocket.drain_ms), subscriptions.drain(overHttp.drain_ms)]);
    // Requests under way may end; what has not by then never will in time.
    await http.drain(REQUESTS_END_MS_MAX);
  });
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return {
    url: `${keyPair === null ? "http" : "https"}://${host}:${port}${address.path}`,
    async replace({ config: newConfig, supergraphSdl: newSupergraphSdl, keyPair: newKeyPair }) {
      const next = createReplaceableParts(newConfig, lasting);
      const known = sameFederationSettings(parts.config, newConfig);
      const { warm_operations_max, warm_ms_max } = newConfig.supergraph;
      await federation.update(newSupergraphSdl, known ? undefined : federationSettings(newConfig, streamSources), {
        operationsMax: warm_operations_max,
        msMax: warm_ms_max,
      });
      if (newKeyPair !== null) http.useKeyPair(newKeyPair);
      parts = next;
    },
  };
}

const sumOf = (streams: Streams | null, count: (hub: StreamHub) => number): number =>
  streams === null ? 0 : Object.values(streams.hubs).reduce((sum, hub) => sum + (hub === null ? 0 : count(hub)), 0);
