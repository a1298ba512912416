import { CodedError } from "@mib/service/coded-error";
import type { Delivery, StreamNote } from "../../streams/delivery.ts";
import type { EndingError } from "../../streams/group.ts";
import type { Backpressure, BackpressureLimits } from "../../subscription/backpressure.ts";
import { ClientSubscription } from "../../subscription/client-subscription.ts";
import type { Credentialed } from "../../subscription/credential-ends.ts";
import type { EndReason } from "../../subscription/end-reason.ts";
import type { RouterMetrics } from "../../telemetry/router-metrics.ts";
import { codeOf, formatError } from "../error-body.ts";
import type { OngoingResponse } from "../http-exchange.ts";
import { OutgoingStream } from "./outgoing-stream.ts";
import { jittered, type SubscriptionFormat } from "./subscription-format.ts";

export interface HttpSubscriptionOptions extends BackpressureLimits {
  metrics: RouterMetrics;
  retryMs: number;
}

/** One subscription that a response carries alone, until either side ends it. */
export class HttpSubscription extends ClientSubscription implements Credentialed {
  readonly #response: OngoingResponse;
  readonly #format: SubscriptionFormat;
  readonly #options: HttpSubscriptionOptions;
  readonly #stream: OutgoingStream;
  readonly #label: string;
  readonly #withCursor: boolean;
  #isOver = false;

  constructor(
    response: OngoingResponse,
    {
      format,
      label,
      conflates,
      withCursor,
    }: { format: SubscriptionFormat; label: string; conflates: boolean; withCursor: boolean },
    options: HttpSubscriptionOptions,
  ) {
    super(conflates);
    const { contentType, heartbeat } = format;
    this.#response = response;
    this.#format = format;
    this.#options = options;
    this.#label = label;
    this.#withCursor = withCursor;
    this.#stream = new OutgoingStream({
      contentType,
      opening: format.opening(jittered(options.retryMs)),
      heartbeat,
      limits: options,
      stalled: () => this.interrupt(new CodedError("SLOW_CONSUMER")),
      closed: () => this.#leave("disconnected"),
    });
  }

  /** Joins its group and tells the client that it was accepted; throws and sends nothing where `join` throws. */
  open(join: (subscription: HttpSubscription) => () => void): void {
    this.leave = join(this);
    this.#stream.attach(this.#response);
  }

  get connection(): object {
    return this.#response;
  }

  started(): void {
    this.#options.metrics.subscriptionStarted(this.#label, this.#format.transport);
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
    this.#leave(error.code);
    this.#options.metrics.closed(this.#format.transport, error.code);
    this.#stream.sendAway(this.#format.interruption(error, jittered(this.#options.retryMs)));
  }

  get backlogBytes(): number {
    return this.backpressure.backlogBytes;
  }

  beat(): void {
    if (!this.#isOver) this.#stream.beat();
  }

  protected get backpressure(): Backpressure {
    return this.#stream.backpressure;
  }

  protected send(delivery: Delivery, note: StreamNote | null): void {
    this.#stream.writer.write(...this.#format.event(delivery, this.#withCursor, note));
  }

  protected countConflated(count: number): void {
    this.#options.metrics.conflated(count);
  }

  protected countDeliveredLate(): void {
    this.#options.metrics.deliveredLate();
  }

  protected finish(errors: readonly EndingError[] | null): void {
    if (this.#isOver) return;
    this.#leave(errors === null ? "source" : codeOf(errors));
    this.#stream.end(this.#format.ending(errors));
  }

  #leave(reason: EndReason): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.end();
    this.backpressure.close();
    if (this.hasStarted) this.#options.metrics.subscriptionEnded(this.#label, this.#format.transport, reason);
  }
}
