import type { SubgraphEndpoint } from "../operation/federation.ts";
import { CircuitBreaker, type CircuitState } from "./circuit-breaker.ts";
import {
  Exchange,
  type Cancellable,
  type ExchangeContext,
  type ExchangeCounts,
  type SubgraphAnswer,
} from "./exchange.ts";
import type { FetchStats } from "./fetch-stats.ts";
import { HedgeDelay } from "./hedge-delay.ts";
import { HedgedExchange, type Hedging } from "./hedged-exchange.ts";
import { GraphqlWsTransport } from "./graphql-ws-transport.ts";
import { Http1Transport } from "./http1/http1-transport.ts";
import { RetryBudget } from "./retry-budget.ts";
import { SseTransport } from "./sse-transport.ts";
import { defaultSubscriptions, type SubscriptionEndpoint } from "./subscription-endpoint.ts";
import { TimeLimit } from "./time-limit.ts";
import type { Transport } from "./transport.ts";
import { UndiciTransport } from "./undici-transport.ts";
import { UpstreamAttempt } from "./upstream-attempt.ts";
import type { UpstreamRequest, UpstreamSink, UpstreamTransport } from "./upstream-sink.ts";

const CONNECTIONS_MAX = 128;

/**
 * Posts GraphQL requests to one subgraph over pooled connections. An answer is whole, within its limits of time and
 * size, and never one of another address: redirects are refused. Everything else is a SubgraphFailure.
 */
export class SubgraphClient {
  readonly #openTransport: () => Transport;
  #transport: Transport | null = null;
  readonly #context: ExchangeContext;
  /** Told by whoever reads the answers. */
  readonly stats: FetchStats;
  readonly #hedging: Hedging | null;
  readonly subscriptions: SubscriptionEndpoint;
  #upstream: UpstreamTransport | null = null;

  constructor(endpoint: SubgraphEndpoint, counts: ExchangeCounts, stats: FetchStats) {
    this.stats = stats;
    const url = new URL(endpoint.url);
    const { timeoutMs, responseBytesMax, connectionsMax = CONNECTIONS_MAX, breaker, retries, hedging } = endpoint;
    this.#hedging = hedging ? { delay: new HedgeDelay(hedging), budget: new RetryBudget(hedging) } : null;
    const isLean = url.protocol === "http:" && endpoint.httpClient !== "undici";
    const options = { url, connectionsMax, connectTimeoutMs: timeoutMs };
    this.subscriptions = endpoint.subscriptions ?? defaultSubscriptions(endpoint.url);
    this.#openTransport = () => (isLean ? new Http1Transport(options) : new UndiciTransport(options));
    this.#context = {
      transport: () => (this.#transport ??= this.#openTransport()),
      underWay: 0,
      onIdle: null,
      timeoutMs,
      timeLimit: new TimeLimit(),
      responseBytesMax,
      breaker: breaker ? new CircuitBreaker(breaker) : null,
      retries: retries ? { policy: retries, budget: new RetryBudget(retries) } : null,
      counts,
    };
  }

  /** Null where no breaker is configured. */
  get circuit(): { state: CircuitState; opened: number } | null {
    const { breaker } = this.#context;
    return breaker && { state: breaker.state, opened: breaker.opened };
  }

  /**
   * `underWay` holds the exchange while it lasts, so that its owner can give it up. Only what is `repeatable`, because it
   * changes nothing, is asked again when it fails, or a second time when it is slow.
   */
  post(
    body: string,
    headers: Readonly<Record<string, string>>,
    underWay: Set<Cancellable>,
    repeatable: boolean,
  ): Promise<SubgraphAnswer> {
    const hedging = repeatable ? this.#hedging : null;
    return new Promise((resolve, reject) => {
      if (hedging !== null) {
        new HedgedExchange(this.#context, hedging, { body, headers }, underWay, resolve, reject).start();
      } else new Exchange(this.#context, { body, headers, repeatable }, underWay, resolve, reject).start();
    });
  }

  /** Subscribes once, and tells the sink how it goes; returns how to leave. What is lost is not asked for again. */
  subscribe(request: UpstreamRequest, sink: UpstreamSink): () => void {
    const attempt = new UpstreamAttempt(sink, this.#context);
    attempt.start((this.#upstream ??= this.#openUpstream()), request);
    return () => attempt.leave();
  }

  #openUpstream(): UpstreamTransport {
    const { protocol, url, heartbeatMs } = this.subscriptions;
    const { timeoutMs, responseBytesMax } = this.#context;
    return protocol === "sse"
      ? new SseTransport(url, { timeoutMs, silenceMsMax: 2 * heartbeatMs, eventBytesMax: responseBytesMax })
      : new GraphqlWsTransport(url, { timeoutMs, heartbeatMs, messageBytesMax: responseBytesMax });
  }

  /** From now on it keeps connections only while something is under way, and tells each time when nothing is any more. */
  retire(idle: () => void): void {
    this.#context.onIdle = () => {
      idle();
      const transport = this.#transport;
      this.#transport = null;
      queueMicrotask(() => void transport?.close()); // not while it hands out its last answer
    };
    if (this.#context.underWay === 0) this.#context.onIdle();
  }

  async close(): Promise<void> {
    this.#upstream?.close();
    await this.#transport?.close();
  }
}
