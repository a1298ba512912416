import type { CodedError } from "@mib/service/coded-error";
import type { Delivery } from "../streams/delivery.ts";
import { Subscriber, type EndingError } from "../streams/group.ts";
import type { FrameWriter } from "./frame-writer.ts";

/** What a subscription needs of the connection it is on. */
export interface SubscriptionHost {
  readonly writer: FrameWriter;
  /** Bytes that may wait for the socket. */
  readonly bufferBytesMax: number;
  /** From so many waiting bytes on LATEST holds events back, so that what waits is the newest and little. */
  readonly holdBackBytes: number;
  /** The client is too slow for a subscription that gets every event. */
  tooSlow(): void;
  /** A subscription holds events back until the socket has drained. */
  giveHeldLater(subscription: Subscription): void;
  subscriptionStarted(label: string): void;
  subscriptionEnded(id: string, errors: readonly EndingError[] | null): void;
  /** Ends an operation with an error. */
  fail(id: string, error: CodedError): void;
  /** Resolves when what waits for the socket is little, or the socket is gone. */
  drained(): Promise<void>;
}

/** One subscription on one connection. */
export class Subscription extends Subscriber {
  /** How to leave the group; set once it is joined. */
  leave: (() => void) | null = null;
  readonly label: string;
  readonly #host: SubscriptionHost;
  readonly #id: string;
  readonly #withCursor: boolean;
  readonly #prefix: Buffer;
  readonly #conflates: boolean;
  /** LATEST, while the socket is slow: the newest event of each channel, and how many it replaced. */
  #held: Map<string, { delivery: Delivery; skipped: number }> | null = null;

  constructor(
    host: SubscriptionHost,
    {
      id,
      label,
      conflates,
      withCursor,
    }: { id: string; label: string; conflates: boolean; /** Whether the client asked for it. */ withCursor: boolean },
  ) {
    super();
    this.#id = id;
    this.#withCursor = withCursor;
    this.#host = host;
    this.label = label;
    this.#conflates = conflates;
    this.#prefix = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
  }

  deliver(delivery: Delivery): void {
    const { writer, holdBackBytes } = this.#host;
    if (this.#conflates && (this.#held !== null || writer.backlogBytes > holdBackBytes)) {
      this.#hold(delivery);
      return;
    }
    const { note } = this;
    this.note = null;
    writer.write(
      this.#prefix,
      note === null ? delivery.closedBytes(this.#withCursor) : delivery.closedBytesWith(note, this.#withCursor),
    );
  }

  get isFull(): boolean {
    return this.#host.writer.backlogBytes > this.#host.bufferBytesMax;
  }

  fail(error: CodedError): void {
    if (error.code === "SLOW_CONSUMER") {
      this.#host.tooSlow();
      return;
    }
    this.#host.fail(this.#id, error);
  }

  ended(errors: readonly EndingError[] | null): void {
    this.giveHeld();
    this.#host.subscriptionEnded(this.#id, errors);
  }

  drained(): Promise<void> {
    return this.#host.drained();
  }

  started(): void {
    this.#host.subscriptionStarted(this.label);
  }

  /** Delivers what was held back. */
  giveHeld(): void {
    const held = this.#held;
    this.#held = null;
    for (const { delivery, skipped } of held?.values() ?? []) this.deliver(delivery.skipping(skipped));
  }

  #hold(delivery: Delivery): void {
    if (this.#held === null) {
      this.#held = new Map();
      this.#host.giveHeldLater(this);
    }
    const replaced = this.#held.get(delivery.channelKey);
    // What the replaced event had skipped would be forgotten with it.
    const skipped = replaced === undefined ? 0 : replaced.skipped + replaced.delivery.conflated + 1;
    this.#held.set(delivery.channelKey, { delivery, skipped });
  }
}
