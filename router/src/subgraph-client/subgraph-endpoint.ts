import type { SubgraphConfig } from "../config/subgraph-config.ts";
import type { SubgraphEndpoint } from "../operation/federation.ts";
import { subscriptionEndpoint } from "./subscription-endpoint.ts";

/** How a subgraph is reached, by its settings. */
export function subgraphEndpoint(config: SubgraphConfig, routingUrl: string): SubgraphEndpoint {
  const { circuit_breaker: breaker, retries, hedging } = config;
  const url = config.url ?? routingUrl;
  return {
    url,
    subscriptions: subscriptionEndpoint(config.subscriptions, url),
    timeoutMs: config.timeout_ms,
    responseBytesMax: config.response_bytes_max,
    connectionsMax: config.connections_max,
    httpClient: config.http_client,
    ...(breaker && {
      breaker: {
        failureRatio: breaker.failure_percent / 100,
        requestsMin: breaker.requests_min,
        windowMs: breaker.window_ms,
        openMs: breaker.open_ms,
        probesMax: breaker.probes_max,
      },
    }),
    ...(retries && {
      retries: {
        retriesMax: retries.retries_max,
        ratio: retries.budget_percent / 100,
        retriesMin: retries.retries_min,
        backoffMs: retries.backoff_ms,
        backoffMsMax: retries.backoff_ms_max,
      },
    }),
    ...(hedging && {
      hedging: {
        delayMs: hedging.delay_ms,
        percentile: hedging.delay_percentile,
        ratio: hedging.budget_percent / 100,
        retriesMin: hedging.hedges_min,
      },
    }),
  };
}
