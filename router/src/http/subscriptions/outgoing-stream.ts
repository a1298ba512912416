import { Backpressure, type BackpressureLimits } from "../../subscription/backpressure.ts";
import { flushAtEndOfTurn } from "../../subscription/end-of-turn.ts";
import type { OngoingResponse } from "../http-exchange.ts";
import { ResponseWriter } from "./response-writer.ts";

/** How long a client that is sent away may take to take what it is told, before its connection is cut. */
const CLOSE_GRACE_MS = 2_000;
/**
 * Between what a client that is sent away is told and the end of its connection: a stock graphql-sse client that finds the
 * end together with an event takes it for no loss, and waits for ever.
 */
const PAUSE_MS = 100;

export interface OutgoingStreamOptions {
  contentType: string;
  /** What the body begins with. */
  opening: string;
  /** Says that the connection is alive, and nothing else. */
  heartbeat: Buffer;
  limits: BackpressureLimits;
  /** The client takes nothing of what waits for it. */
  stalled(): void;
  /** The connection is gone. */
  closed(): void;
}

/** A response that goes on until either side ends it, and what waits for it. */
export class OutgoingStream {
  readonly writer: ResponseWriter;
  readonly backpressure: Backpressure;
  readonly #options: OutgoingStreamOptions;
  #response: OngoingResponse | null = null;
  /** When a heartbeat was sent that the client has not taken yet. */
  #beatAtMs: number | null = null;

  constructor(options: OutgoingStreamOptions) {
    this.#options = options;
    this.writer = new ResponseWriter(options);
    this.backpressure = new Backpressure(this.writer, options.limits, options.stalled);
  }

  /** Whether a client listens. */
  get isAttached(): boolean {
    return this.#response !== null;
  }

  /** Goes out by this response, which begins when this turn is over: until then headers may be set. */
  attach(response: OngoingResponse): void {
    this.#response = response;
    this.writer.attach(response);
    response.on("drain", () => this.backpressure.release());
    response.once("close", () => this.#options.closed());
    flushAtEndOfTurn(this.writer);
  }

  /** Shows that the connection is alive. A client that takes nothing, however little waits, has stalled. */
  beat(): void {
    if (this.#response === null) return;
    const nowMs = performance.now();
    if (this.#beatAtMs === null) {
      this.#beatAtMs = nowMs;
      this.writer.send(this.#options.heartbeat, () => (this.#beatAtMs = null));
    } else if (nowMs - this.#beatAtMs > this.#options.limits.stallTimeoutMs) {
      this.#options.stalled();
    }
  }

  /** Ends with a last word, which the client may take its time to take. */
  end(text: string): void {
    this.#lastWord(text);
    this.#response?.end();
    this.#cutAfter(this.#options.limits.stallTimeoutMs);
  }

  /** Ends the connection of a client that may come back. */
  sendAway(text: string): void {
    this.#lastWord(text);
    setTimeout(() => this.#response?.end(), PAUSE_MS);
    this.#cutAfter(PAUSE_MS + CLOSE_GRACE_MS);
  }

  #lastWord(text: string): void {
    this.backpressure.close();
    this.writer.write(Buffer.from(text));
    this.writer.flush();
  }

  #cutAfter(milliseconds: number): void {
    const response = this.#response;
    if (response === null) return;
    const timer = setTimeout(() => response.destroy(), milliseconds);
    response.once("close", () => clearTimeout(timer));
  }
}
