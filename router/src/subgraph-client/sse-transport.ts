import { Agent } from "undici";
import { SseSubscription, type SseLimits } from "./sse-subscription.ts";
import type { UpstreamRequest, UpstreamSink, UpstreamTransport } from "./upstream-sink.ts";

/** Subscribes by GraphQL over SSE, distinct connections mode: one request for each subscription. */
export class SseTransport implements UpstreamTransport {
  readonly #origin: string;
  readonly #path: string;
  readonly #limits: SseLimits;
  /** Not that of other requests: subscriptions keep their connections, and would leave them none. */
  readonly #agent: Agent;

  constructor(url: string, limits: SseLimits) {
    const { origin, pathname, search } = new URL(url);
    this.#origin = origin;
    this.#path = pathname + search;
    this.#limits = limits;
    this.#agent = new Agent({
      pipelining: 1,
      connect: { timeout: limits.timeoutMs },
      headersTimeout: 0, // the subscription has its own timer
      bodyTimeout: 0,
    });
  }

  subscribe({ body, headers }: UpstreamRequest, sink: UpstreamSink): () => void {
    const subscription = new SseSubscription(this.#limits, sink);
    const options = {
      origin: this.#origin,
      path: this.#path,
      method: "POST",
      headers: { ...headers, "content-type": "application/json", accept: "text/event-stream" },
      body,
    } as const;
    try {
      this.#agent.dispatch(options, subscription);
    } catch (error) {
      subscription.onResponseError(null, error);
    }
    return () => subscription.leave();
  }

  close(): void {
    void this.#agent.destroy();
  }
}
