import type { ClientOptions, FormattedExecutionResult, SubscribePayload } from "graphql-ws";
import { FollowedStream, type Delivery, type OpenConnection } from "./followed-stream.ts";
import { KeptConnection } from "./kept-connection.ts";
import { ResultQueue, type Results } from "./result-queue.ts";
import { sseTransport } from "./sse-transport.ts";
import type { Gap, Recovered } from "./stream-progress.ts";
import { SubscriptionError } from "./subscription-error.ts";
import type { Clock, Transport } from "./transport.ts";
import { webSocketTransport } from "./websocket-transport.ts";

export type { Gap, GapReason, Recovered } from "./stream-progress.ts";
export type { Results } from "./result-queue.ts";
export type { SubscriptionError } from "./subscription-error.ts";

export interface StreamClientOptions extends ConnectionCallbacks {
  /** `ws:` or `wss:` for a WebSocket, `http:` or `https:` for server-sent events. */
  url: string;
  /**
   * The payload of `connection_init`, or headers of the requests; asked for again on each connection. One that throws is
   * asked again later.
   */
  connectionParams?: ClientOptions["connectionParams"];
  /** The class of the sockets, where the environment has none. */
  webSocketImpl?: unknown;
  /** After so long without a message the router is asked for a sign of life, and has as long again to give one. 10 s. */
  keepAliveMs?: number;
}

export interface ConnectionCallbacks {
  /** For so long there may be no connection before `onStale` is called. 3 s. */
  staleAfterMs?: number | undefined;
  /** What is shown may be old: there has been no connection for a while. */
  onStale?: (() => void) | undefined;
  /** The connection is made, or made again. */
  onLive?: (() => void) | undefined;
  /** The credential is refused. Whether to try again, with what `connectionParams` gives then; else subscriptions end. */
  onForbidden?: (() => boolean) | undefined;
}

export interface StreamOptions {
  /** Begin after the event with this cursor, or at `start`: with the oldest one that is kept. */
  cursor?: string | null;
  /** What to do when the stream can't go on at the cursor: begin anew and tell a gap, or end with the error. `restart`. */
  whenNotRecovered?: "restart" | "end";
  /** Events are missing before the next one. */
  onGap?: (gap: Gap) => void;
  /** The stream went on where it was; what was missed comes now. */
  onRecovered?: (recovered: Recovered) => void;
}

export interface SubscribeOptions<Data> extends StreamOptions {
  next(result: FormattedExecutionResult<Data>): void;
  /** It has ended for good, nothing follows. */
  error?: (error: SubscriptionError) => void;
  /** The stream is over. */
  complete?: () => void;
}

export interface IterateOptions extends StreamOptions {
  /** Results that may wait to be taken; with more, the stream waits at the router and goes on later. 256. */
  waitingMax?: number;
}

export interface Subscription {
  /** Where to go on after the last result; null when there is no such place. */
  readonly cursor: string | null;
  readonly stop: () => void;
}

/** Subscribes at a router. There is a connection for as long as there is a subscription. Throws for a URL that is none. */
export function createStreamClient(options: StreamClientOptions): StreamClient {
  return new StreamClient({
    ...options,
    transport: transportFor(options),
    clock: CLOCK,
    random: Math.random,
  });
}

function transportFor({ url, connectionParams, webSocketImpl, keepAliveMs = 10_000 }: StreamClientOptions): Transport {
  const { protocol } = new URL(url);
  if (/^https?:$/.test(protocol)) return sseTransport({ url, connectionParams, keepAliveMs });
  if (!/^wss?:$/.test(protocol)) throw new TypeError(`"${url}" must begin with ws:, wss:, http: or https:`);
  const socketClass = webSocketImpl ?? globalThis.WebSocket;
  if (socketClass === undefined) throw new TypeError("there is no WebSocket here: give one as webSocketImpl");
  return webSocketTransport({ url, connectionParams, webSocketImpl: socketClass, keepAliveMs });
}

/** All subscriptions at one router, over one connection. Each gets its events once and in order, or is told of a gap. */
export class StreamClient {
  readonly #streams = new Set<FollowedStream>();
  readonly #connection: KeptConnection;
  readonly #clock: Clock;
  readonly #random: () => number;
  #open: OpenConnection | null = null;

  constructor(options: ConnectionCallbacks & { transport: Transport; clock: Clock; random: () => number }) {
    const { transport, clock, random, staleAfterMs = 3_000, onStale, onLive, onForbidden } = options;
    this.#clock = clock;
    this.#random = random;
    this.#connection = new KeptConnection({
      transport,
      clock,
      random,
      staleAfterMs,
      opened: (open) => {
        this.#open = open;
        const streams = [...this.#streams];
        call(onLive);
        // Whoever is told may have subscribed to more, or wanted another connection.
        for (const stream of streams) if (this.#open === open) stream.connected(open);
      },
      lost: () => this.#disconnected(),
      ended: (loss) => this.#endAll(SubscriptionError.ofLoss(loss)),
      stale: () => call(onStale),
      retriesForbidden: () => call(onForbidden) ?? false,
    });
  }

  subscribe<Data = Record<string, unknown>>(
    operation: SubscribePayload,
    options: SubscribeOptions<Data>,
  ): Subscription {
    let cursor = options.cursor || null;
    const hand = (delivery: Delivery) => {
      cursor = delivery.cursor;
      tell(options, delivery);
      if (delivery.result !== null) call(options.next, delivery.result);
    };
    // Callbacks may use what is returned here, so none is called before.
    let isStarting = true;
    const stream = this.#newStream(operation, options, {
      deliver(delivery) {
        if (isStarting) queueMicrotask(() => hand(delivery));
        else hand(delivery);
      },
      ended: (error) => (error === null ? call(options.complete) : call(options.error, error)),
    });
    this.#start(stream);
    isStarting = false;
    return {
      get cursor() {
        return cursor;
      },
      stop: () => this.#stop(stream),
    };
  }

  /** The same for loops. `onGap` and `onRecovered` are called right before the result that they concern. */
  iterate<Data = Record<string, unknown>>(operation: SubscribePayload, options: IterateOptions = {}): Results<Data> {
    const queue = new ResultQueue({
      waitingMax: options.waitingMax ?? 256,
      cursor: options.cursor || null,
      tell: (delivery) => tell(options, delivery),
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      stop: () => this.#stop(stream),
    });
    const stream = this.#newStream(operation, options, {
      deliver: (delivery) => queue.push(delivery),
      ended: (error) => queue.end(error),
    });
    this.#start(stream);
    return queue.results<Data>();
  }

  /** Makes the connection anew, with what `connectionParams` gives now: for another user, for instance. */
  reconnect(): void {
    this.#connection.renew();
  }

  /** Ends everything. */
  dispose(): void {
    this.#endAll(null);
  }

  #newStream(
    operation: SubscribePayload,
    { cursor, whenNotRecovered = "restart" }: StreamOptions,
    sink: { deliver(delivery: Delivery): void; ended(error: SubscriptionError | null): void },
  ): FollowedStream {
    const stream = new FollowedStream({
      operation,
      cursor: cursor || null,
      whenNotRecovered,
      clock: this.#clock,
      random: this.#random,
      deliver: sink.deliver,
      missed: () => this.#connection.giveUp("an event is missing"),
      ended: (error) => {
        this.#forget(stream);
        sink.ended(error);
      },
    });
    return stream;
  }

  #start(stream: FollowedStream): void {
    this.#streams.add(stream);
    if (this.#open === null) this.#connection.need();
    else stream.connected(this.#open);
  }

  #stop(stream: FollowedStream): void {
    stream.stop();
    this.#forget(stream);
  }

  #forget(stream: FollowedStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    this.#open = null;
    this.#connection.release();
  }

  #endAll(error: SubscriptionError | null): void {
    // Those who are told may subscribe to more: that is not of the end.
    const streams = [...this.#streams];
    for (const stream of streams) stream.end(error);
  }

  #disconnected(): void {
    this.#open = null;
    for (const stream of this.#streams) stream.disconnected();
  }
}

const CLOCK: Clock = {
  now: () => performance.now(),
  after(milliseconds, action) {
    const timer = setTimeout(action, milliseconds);
    return () => clearTimeout(timer);
  },
};

function tell({ onRecovered, onGap }: StreamOptions, { recovered, gap }: Delivery): void {
  if (recovered !== null) call(onRecovered, recovered);
  if (gap !== null) call(onGap, gap);
}

/** What a callback throws is its own affair: it is reported as uncaught, and the streams go on. */
function call<Args extends unknown[], Answer>(
  callback: ((...args: Args) => Answer) | undefined,
  ...args: Args
): Answer | undefined {
  try {
    return callback?.(...args);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
    return undefined;
  }
}
