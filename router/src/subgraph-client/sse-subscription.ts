import { createParser, type EventSourceMessage } from "eventsource-parser";
import type { Dispatcher } from "undici";
import { readAnswer, readEvent } from "./read-answer.ts";
import { isRetryableStatus, retryAfterMs } from "./retry-delay.ts";
import { SubgraphFailure } from "./subgraph-failure.ts";
import type { UpstreamSink } from "./upstream-sink.ts";

export interface SseLimits {
  /** Until the subgraph begins to answer. */
  timeoutMs: number;
  /** How long it may be silent after that; a comment is a sign of life. */
  silenceMsMax: number;
  /** Of one event, or of an answer that is no stream. */
  eventBytesMax: number;
}

/** One subscription as a stream of server-sent events, within limits of time and size. */
export class SseSubscription implements Dispatcher.DispatchHandler {
  readonly #limits: SseLimits;
  readonly #sink: UpstreamSink;
  readonly #decoder = new TextDecoder();
  readonly #parser: ReturnType<typeof createParser>;
  #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | null = null;
  #isOver = false;
  #isStream = false;
  #status = 0;
  #retryAfterMs = 0;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(limits: SseLimits, sink: UpstreamSink) {
    this.#limits = limits;
    this.#sink = sink;
    this.#timer = setTimeout(() => this.#timedOut(), limits.timeoutMs);
    this.#parser = createParser({
      maxBufferSize: limits.eventBytesMax,
      onEvent: (event) => this.#event(event),
      onError: ({ type }) => type === "max-buffer-size-exceeded" && this.#refuse(TOO_LARGE),
    });
  }

  /** Tells the sink nothing any more, and ends the exchange. */
  leave(): void {
    this.#end();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new Error("left"));
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#status = status;
    this.#retryAfterMs = retryAfterMs(headers["retry-after"], Date.now());
    // "none", which is no encoding's name, keeps proxies from compressing a stream: GraphQL Yoga says so.
    const encoding = String(headers["content-encoding"] ?? "identity");
    if (status >= 300 && status < 400) return this.#refuse("The subgraph answered with a redirect");
    if (!["identity", "none"].includes(encoding))
      return this.#refuse("The subgraph answered in an encoding that was not asked for");
    this.#isStream = status === 200 && String(headers["content-type"]).startsWith("text/event-stream");
    if (!this.#isStream) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#timedOut(), this.#limits.silenceMsMax);
    this.#sink.opened();
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return;
    if (this.#isStream) {
      this.#timer.refresh();
      this.#parser.feed(this.#decoder.decode(chunk, { stream: true }));
      return;
    }
    this.#bytes += chunk.length;
    this.#chunks.push(chunk);
    if (this.#bytes > this.#limits.eventBytesMax) this.#refuse(TOO_LARGE);
  }

  onResponseEnd(): void {
    if (this.#isOver) return;
    if (this.#isStream || isRetryableStatus(this.#status)) return this.#lose("The subgraph's stream broke off");
    try {
      const { errors } = readAnswer({ status: this.#status, body: Buffer.concat(this.#chunks).toString() });
      if (errors.length === 0) return this.#refuse("The subgraph answered with no stream of events");
      this.#end();
      this.#sink.failed(errors);
    } catch (error) {
      if (!(error instanceof SubgraphFailure)) throw error;
      if (this.#status >= 500) this.#lose(error.message);
      else this.#refuse(error.message);
    }
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: unknown): void {
    if (this.#isOver) return;
    this.#lose(this.#isStream ? "The subgraph's stream broke off" : "The subgraph cannot be reached", error);
  }

  #event({ event, data }: EventSourceMessage): void {
    if (this.#isOver) return;
    if (event === "next") this.#sink.next(readEvent(data));
    else if (event === "complete") {
      this.#end();
      this.#sink.complete();
    }
  }

  #timedOut(): void {
    const failure = new SubgraphFailure("SUBGRAPH_TIMEOUT", "The subgraph did not answer in time");
    this.#end();
    this.#sink.lost({ failure, isFinal: false, retryAfterMs: 0 });
  }

  #lose(message: string, cause?: unknown): void {
    const failure = new SubgraphFailure("SUBGRAPH_UNREACHABLE", message, { cause });
    this.#end();
    this.#sink.lost({ failure, isFinal: false, retryAfterMs: this.#retryAfterMs });
  }

  #refuse(message: string): void {
    if (this.#isOver) return;
    this.#end();
    this.#sink.lost({
      failure: new SubgraphFailure("SUBGRAPH_BAD_RESPONSE", message),
      isFinal: true,
      retryAfterMs: 0,
    });
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#controller?.abort(new Error("the subscription is over"));
  }
}

const TOO_LARGE = "The subgraph's event is larger than the limit";
