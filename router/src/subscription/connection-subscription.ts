import type { CodedError } from "@mib/service/coded-error";
import type { Delivery, StreamNote } from "../streams/delivery.ts";
import type { EndingError } from "../streams/group.ts";
import type { Backpressure } from "../subscription/backpressure.ts";
import { ClientSubscription } from "../subscription/client-subscription.ts";
import type { FrameWriter } from "./frame-writer.ts";

/** What a subscription needs of the connection it is on. */
export interface SubscriptionHost {
  readonly writer: FrameWriter;
  readonly backpressure: Backpressure;
  /** The client is too slow for a subscription that gets every event. */
  tooSlow(): void;
  subscriptionStarted(label: string): void;
  subscriptionEnded(id: string, errors: readonly EndingError[] | null): void;
  /** Ends an operation with an error. */
  fail(id: string, error: CodedError): void;
}

/** One subscription on one connection. */
export class Subscription extends ClientSubscription {
  readonly label: string;
  readonly #host: SubscriptionHost;
  readonly #id: string;
  readonly #withCursor: boolean;
  readonly #prefix: Buffer;

  constructor(
    host: SubscriptionHost,
    {
      id,
      label,
      conflates,
      withCursor,
    }: { id: string; label: string; conflates: boolean; /** Whether the client asked for it. */ withCursor: boolean },
  ) {
    super(conflates);
    this.#id = id;
    this.#withCursor = withCursor;
    this.#host = host;
    this.label = label;
    this.#prefix = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
  }

  started(): void {
    this.#host.subscriptionStarted(this.label);
  }

  fail(error: CodedError): void {
    if (error.code === "SLOW_CONSUMER") this.#host.tooSlow();
    else this.#host.fail(this.#id, error);
  }

  protected get backpressure(): Backpressure {
    return this.#host.backpressure;
  }

  protected send(delivery: Delivery, note: StreamNote | null): void {
    this.#host.writer.write(this.#prefix, delivery.closedBytes(this.#withCursor, note));
  }

  protected finish(errors: readonly EndingError[] | null): void {
    this.#host.subscriptionEnded(this.#id, errors);
  }
}
