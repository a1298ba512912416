import type { ServerResponse } from "node:http";
import { CodedError } from "@mib/service/coded-error";
import type { Delivery, StreamNote } from "../../streams/delivery.ts";
import type { EndingError, Subscriber } from "../../streams/group.ts";
import { Backpressure, type BackpressureLimits } from "../../subscription/backpressure.ts";
import { ClientSubscription } from "../../subscription/client-subscription.ts";
import type { Credentialed } from "../../subscription/credential-ends.ts";
import { flushAtEndOfTurn } from "../../subscription/end-of-turn.ts";
import type { RouterMetrics } from "../../telemetry/router-metrics.ts";
import { formatError } from "../error-body.ts";
import { ResponseWriter } from "./response-writer.ts";
import type { SubscriptionFormat } from "./subscription-format.ts";

export interface HttpSubscriptionOptions extends BackpressureLimits {
  metrics: RouterMetrics;
  retryMs: number;
}

/** How long a client that is sent away may take to take what it is told, before its connection is cut. */
const CLOSE_GRACE_MS = 2_000;
/**
 * Between what a client that is sent away is told and the end of its connection: a stock graphql-sse client that finds the
 * end together with an event takes it for no loss, and waits for ever.
 */
const PAUSE_MS = 100;

/** One subscription that a response carries, until either side ends it. */
export class HttpSubscription extends ClientSubscription implements Credentialed {
  expiryTick: number | null = null;
  protected readonly backpressure: Backpressure;
  readonly #response: ServerResponse;
  readonly #format: SubscriptionFormat;
  readonly #options: HttpSubscriptionOptions;
  readonly #writer: ResponseWriter;
  readonly #label: string;
  readonly #withCursor: boolean;
  #isOver = false;
  /** When a heartbeat was sent that the client has not taken yet. */
  #beatAtMs: number | null = null;

  constructor(
    response: ServerResponse,
    {
      format,
      label,
      conflates,
      withCursor,
    }: { format: SubscriptionFormat; label: string; conflates: boolean; withCursor: boolean },
    options: HttpSubscriptionOptions,
  ) {
    super(conflates);
    const { contentType } = format;
    this.#response = response;
    this.#format = format;
    this.#options = options;
    this.#label = label;
    this.#withCursor = withCursor;
    this.#writer = new ResponseWriter(response, { contentType, opening: format.opening(this.#retryMs()) });
    this.backpressure = new Backpressure(this.#writer, options, () => this.interrupt(new CodedError("SLOW_CONSUMER")));
    response.on("drain", () => this.backpressure.release());
    response.once("close", () => this.#leave());
  }

  /** Joins its group and tells the client that it was accepted; throws and sends nothing where `join` throws. */
  open(join: (subscriber: Subscriber) => () => void): void {
    const leave = join(this);
    // Its first delivery may have ended it already.
    if (this.#isOver) leave();
    else this.leave = leave;
    // Not before this turn is over: until then headers may be set.
    flushAtEndOfTurn(this.#writer);
  }

  started(): void {
    this.#options.metrics.subscriptionsOpen.inc(this.#labels());
  }

  fail(error: CodedError): void {
    if (error.code === "SLOW_CONSUMER") {
      this.interrupt(error);
      return;
    }
    this.#options.metrics.refused(this.#format.transport, error.code);
    this.finish([formatError(error)]);
  }

  credentialEnded(): void {
    const error = new CodedError("CREDENTIAL_INVALID");
    this.#options.metrics.closed(this.#format.transport, error.code);
    this.finish([formatError(error)]);
  }

  /** Sends the client away, which may come back and go on. */
  interrupt(error: CodedError): void {
    if (this.#isOver) return;
    this.#leave();
    this.#options.metrics.closed(this.#format.transport, error.code);
    this.#writer.write(Buffer.from(this.#format.interruption(error, this.#retryMs())));
    this.#writer.flush();
    setTimeout(() => this.#response.end(), PAUSE_MS);
    this.#cutAfter(PAUSE_MS + CLOSE_GRACE_MS);
  }

  /** Shows that the connection is alive. A client that takes nothing, however little waits, is sent away. */
  beat(): void {
    if (this.#isOver) return;
    const nowMs = performance.now();
    if (this.#beatAtMs === null) {
      this.#beatAtMs = nowMs;
      this.#writer.send(this.#format.heartbeat, () => (this.#beatAtMs = null));
    } else if (nowMs - this.#beatAtMs > this.#options.stallTimeoutMs) {
      this.interrupt(new CodedError("SLOW_CONSUMER"));
    }
  }

  protected send(delivery: Delivery, note: StreamNote | null): void {
    this.#writer.write(...this.#format.event(delivery, this.#withCursor, note));
  }

  protected finish(errors: readonly EndingError[] | null): void {
    if (this.#isOver) return;
    this.#leave();
    this.#writer.write(Buffer.from(this.#format.ending(errors)));
    this.#writer.flush();
    this.#response.end();
    this.#cutAfter(this.#options.stallTimeoutMs);
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.end();
    this.backpressure.close();
    if (this.hasStarted) this.#options.metrics.subscriptionsOpen.dec(this.#labels());
  }

  #cutAfter(milliseconds: number): void {
    const timer = setTimeout(() => this.#response.destroy(), milliseconds);
    this.#response.once("close", () => clearTimeout(timer));
  }

  #retryMs(): number {
    return Math.round(this.#options.retryMs * (1 + Math.random()));
  }

  #labels(): { operation: string; transport: string } {
    return { operation: this.#label, transport: this.#format.transport };
  }
}
