import { CodedError } from "@mib/service/coded-error";
import type { SubgraphError } from "../subgraph-client/read-answer.ts";
import { retryDelayMs } from "../subgraph-client/retry-delay.ts";
import type { SubgraphClient } from "../subgraph-client/subgraph-client.ts";
import { SubgraphFailure } from "../subgraph-client/subgraph-failure.ts";
import type { UpstreamEvent, UpstreamLoss, UpstreamSink } from "../subgraph-client/upstream-sink.ts";
import { Group, type EndingError, type GroupObserver, type GroupSpec, type Subscriber } from "../streams/group.ts";

export interface UpstreamObserver extends GroupObserver {
  upstreamOpened(subgraph: string): void;
  upstreamClosed(subgraph: string): void;
  upstreamLost(subgraph: string): void;
}

export interface UpstreamSpec {
  subgraph: string;
  client: SubgraphClient;
  body: string;
  connectionKey: string;
  /** What the subgraph is told beside the request; asked before each attempt. Rejects where nothing can be said. */
  headers(): Record<string, string> | Promise<Record<string, string>>;
}

/** Events of one group that are executed side by side. */
const EXECUTIONS_MAX = 16;

/**
 * One subscription at a subgraph, and the groups of clients that get it. A connection that is lost is made again, with
 * longer and longer waits, and the groups are told with the next event that some may be missing. When it cannot be made
 * again, or the subgraph ends it, the groups end. It ends itself with its last subscriber.
 */
export class UpstreamSubscription implements UpstreamSink {
  readonly #spec: UpstreamSpec;
  readonly #observer: UpstreamObserver;
  readonly #onOver: () => void;
  readonly #groups = new Map<string, Group>();
  #leave: (() => void) | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #openedAt: number | null = null;
  #wasOpen = false;
  #retries = 0;
  #events = 0;
  #isOver = false;

  /** `onOver` is called once, when nobody can join any more. */
  constructor(spec: UpstreamSpec, observer: UpstreamObserver, onOver: () => void) {
    this.#spec = spec;
    this.#observer = observer;
    this.#onOver = onOver;
    observer.upstreamOpened(spec.subgraph);
  }

  /** Adds a subscriber, who gets what comes from now on; the first one begins it. Returns how to leave. */
  join(spec: GroupSpec, subscriber: Subscriber): () => void {
    const isFirst = this.#groups.size === 0;
    let group = this.#groups.get(spec.key);
    if (!group) {
      const limits = { queueMax: this.#spec.client.subscriptions.queueMax, executionsMax: EXECUTIONS_MAX };
      this.#groups.set(spec.key, (group = new Group(spec, { limits, observer: this.#observer, behind })));
    }
    const joined = group;
    joined.subscribers.add(subscriber);
    subscriber.missing = new Set([CHANNEL]);
    if (this.#openedAt !== null) joined.join(subscriber, CHANNEL, null);
    if (isFirst) void this.#begin();
    return () => {
      if (!joined.subscribers.delete(subscriber)) return;
      if (joined.subscribers.size === 0) this.#groups.delete(spec.key);
      if (this.#groups.size === 0) this.#end();
    };
  }

  opened(): void {
    this.#openedAt = performance.now();
    this.#wasOpen = true;
    for (const group of this.#groups.values()) {
      for (const subscriber of group.subscribers) if (subscriber.missing) group.join(subscriber, CHANNEL, null);
    }
  }

  next(payload: UpstreamEvent): void {
    this.#events += 1;
    const entry = { epoch: "", id: String(this.#events), prev: "", brokerTimeMs: Date.now() };
    for (const group of this.#groups.values()) group.push({ channelKey: CHANNEL, payload, entry }, 0);
  }

  complete(): void {
    this.#endGroups(null);
  }

  failed(errors: readonly SubgraphError[]): void {
    const { subgraph } = this.#spec;
    this.#endGroups(
      errors.map(({ message, extensions }) => ({ message, extensions: codedExtensions(extensions, subgraph) })),
    );
  }

  lost({ failure, isFinal, retryAfterMs }: UpstreamLoss): void {
    const { subgraph, client } = this.#spec;
    const { reconnectsMax, backoffMs, backoffMsMax } = client.subscriptions;
    this.#leave = null;
    if (this.#openedAt !== null) {
      for (const group of this.#groups.values()) group.noteGap({ count: null, reason: "lost" });
      // One that stood for a while was a good one: what follows is a trouble of its own.
      if (performance.now() - this.#openedAt >= backoffMsMax) this.#retries = 0;
      this.#openedAt = null;
    }
    if (isFinal || !this.#wasOpen || this.#retries >= reconnectsMax) {
      this.#endGroups([{ message: failure.message, extensions: { code: failure.code, service: subgraph } }]);
      return;
    }
    this.#retries += 1;
    this.#observer.upstreamLost(subgraph);
    const policy = { retriesMax: reconnectsMax, backoffMs, backoffMsMax };
    const delayMs = retryDelayMs(policy, this.#retries, retryAfterMs, Math.random());
    this.#retryTimer = setTimeout(() => void this.#begin(), delayMs);
  }

  async #begin(): Promise<void> {
    const { client, body, connectionKey } = this.#spec;
    try {
      const headers = await this.#spec.headers();
      if (!this.#isOver) this.#leave = client.subscribe({ body, headers, connectionKey }, this);
    } catch (error) {
      const failure = new SubgraphFailure("INTERNAL_ERROR", new CodedError("INTERNAL_ERROR").message, { cause: error });
      this.lost({ failure, isFinal: false, retryAfterMs: 0 });
    }
  }

  #endGroups(errors: readonly EndingError[] | null): void {
    this.#leave = null;
    this.#over();
    for (const group of this.#groups.values()) group.end(errors);
  }

  #end(): void {
    this.#over();
    if (this.#retryTimer) clearTimeout(this.#retryTimer);
    this.#leave?.();
    this.#leave = null;
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#observer.upstreamClosed(this.#spec.subgraph);
    this.#onOver();
  }
}

/** A subgraph does not say again what a client missed. */
function behind(subscriber: Subscriber): void {
  subscriber.fail(new CodedError("SLOW_CONSUMER"));
}

/** A subscription has one series of events. */
const CHANNEL = "";

function codedExtensions(extensions: SubgraphError["extensions"], service: string): Record<string, unknown> {
  return {
    ...extensions,
    code: typeof extensions["code"] === "string" ? extensions["code"] : "SUBGRAPH_ERROR",
    service,
  };
}
