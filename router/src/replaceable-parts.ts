import { isDeepStrictEqual } from "node:util";
import type { Logger } from "@mib/service/log";
import type { IdentitySigner } from "@mib/identity/identity-signer";
import { createAuthenticator, type Authenticator } from "./authentication/authenticator.ts";
import type { Revocations } from "./authentication/revocations.ts";
import { IdentityHeaders } from "./authentication/identity-headers.ts";
import { subgraphConfig, type RouterConfig } from "./config/router-config.ts";
import { GraphqlEndpoint } from "./http/graphql-endpoint.ts";
import { OriginPolicy } from "./http/origin-policy.ts";
import { Playground } from "./http/playground.ts";
import { EventStreamEndpoint } from "./http/subscriptions/event-stream-endpoint.ts";
import type { HttpSubscriptions } from "./http/subscriptions/http-subscriptions.ts";
import type { Federation, FederationSettings } from "./operation/federation.ts";
import type { Plugins } from "./plugins/plugins.ts";
import { OperationLimiter } from "./request/operation-limits.ts";
import { OperationRunner } from "./request/operation-runner.ts";
import type { RateLimiter } from "./request/rate-limiter.ts";
import { RequestLimits } from "./request/request-limits.ts";
import { SharedExecutions } from "./request/shared-executions.ts";
import { HeaderRules } from "./subgraph-client/header-rules.ts";
import { STREAM_KINDS, type StreamKind } from "./supergraph/streamed-directive.ts";
import { subgraphEndpoint } from "./subgraph-client/subgraph-endpoint.ts";
import type { RouterMetrics } from "./telemetry/router-metrics.ts";

/** The way of a request, as one configuration wants it: replaced as a whole by the next one. */
export interface ReplaceableParts {
  config: RouterConfig;
  runner: OperationRunner;
  authenticator: Authenticator;
  limits: RequestLimits;
  endpoint: GraphqlEndpoint;
  eventStreams: EventStreamEndpoint;
  playground: Playground | null;
  origins: OriginPolicy;
}

/** What stays while configurations come and go. */
export interface LastingParts {
  federation: Federation;
  signer: IdentitySigner | null;
  rateLimiter: RateLimiter;
  revocations: Revocations;
  subscriptions: HttpSubscriptions;
  metrics: RouterMetrics;
  plugins: Plugins;
  log: Logger;
}

/** What a subgraph is told about callers that the configuration does not name. */
const NOTHING_TOLD = { identity: "none", turns: false } as const;

export function createReplaceableParts(
  config: RouterConfig,
  { federation, signer, rateLimiter, revocations, subscriptions, metrics, plugins, log }: LastingParts,
): ReplaceableParts {
  const { limits: most } = config;
  const identityHeaders = new IdentityHeaders(
    signer,
    (name) => config.subgraphs[name] ?? NOTHING_TOLD,
    (name) => new HeaderRules(subgraphConfig(config, name).headers),
  );
  const runner = new OperationRunner({
    federation,
    identityHeaders,
    limiter: new OperationLimiter({
      tokensMax: most.tokens_max,
      depthMax: most.depth_max,
      heightMax: most.height_max,
      aliasesMax: most.aliases_max,
      rootFieldsMax: most.root_fields_max,
      directivesMax: most.directives_max,
      introspection: config.introspection,
    }),
    operationTimeoutMs: most.operation_timeout_ms,
    eventTimeoutMs: config.streams.event_timeout_ms,
    variablesBytesMax: most.variables_bytes_max,
    plugins,
    metrics,
    shared: config.request_sharing ? new SharedExecutions() : null,
  });
  const authenticator = createAuthenticator(config.authentication, { identityHeaders, revocations });
  const limits = new RequestLimits(rateLimiter, config.rate_limits);
  return {
    config,
    runner,
    authenticator,
    limits,
    endpoint: new GraphqlEndpoint({
      runner,
      authenticator,
      limits,
      subscriptions,
      metrics,
      log,
      bodyBytesMax: most.body_bytes_max,
      compressedBytesMin: config.compression.enabled ? config.compression.bytes_min : null,
      caching: config.cache_control,
      queryPlans: config.query_plans,
    }),
    eventStreams: new EventStreamEndpoint({ authenticator, limits, subscriptions, metrics, log }),
    playground: config.playground.enabled
      ? new Playground(config.playground, config.listen.path, config.query_plans)
      : null,
    origins: new OriginPolicy(config.cors.origins),
  };
}

/** What the configuration says about subgraphs and kept operations; `streamSources` of that which the router was started with. */
export function federationSettings(config: RouterConfig, streamSources: readonly StreamKind[]): FederationSettings {
  return {
    operationCacheMax: config.limits.operations_cached_max,
    operationCacheBytesMax: config.limits.operations_cached_bytes_max,
    overrideLabels: config.override_labels,
    streamSources,
    subgraph: (name, routingUrl) => subgraphEndpoint(subgraphConfig(config, name), routingUrl),
  };
}

/** What may feed streams. It is so until the router ends, as the streams are. */
export function streamSourcesOf({ streams }: RouterConfig): readonly StreamKind[] {
  // With source REDIS one command waits for many streams, and a cluster takes commands of one slot only.
  return streams.redis_cluster ? ["KAFKA"] : STREAM_KINDS;
}

/** Whether two configurations say the same to the federation: then the plans that are kept stay good. */
export function sameFederationSettings(one: RouterConfig, other: RouterConfig): boolean {
  return (
    one.limits.operations_cached_max === other.limits.operations_cached_max &&
    one.limits.operations_cached_bytes_max === other.limits.operations_cached_bytes_max &&
    isDeepStrictEqual(one.override_labels, other.override_labels) &&
    isDeepStrictEqual(one.all_subgraphs, other.all_subgraphs) &&
    isDeepStrictEqual(one.subgraphs, other.subgraphs)
  );
}
