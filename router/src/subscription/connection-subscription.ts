import type { CodedError } from "@mib/service/coded-error";
import type { Delivery, StreamNote } from "../streams/delivery.ts";
import type { EndingError } from "../streams/group.ts";
import type { EventCursor } from "../streams/resume/event-cursor.ts";
import type { Backpressure } from "./backpressure.ts";
import { ClientSubscription } from "./client-subscription.ts";

/** What puts the events of a connection's subscriptions on its socket. */
export interface EventOutlet {
  /** `prefix` names the subscription; `body` is what follows, whose bytes others may share. */
  write(prefix: Buffer, body: Buffer): void;
}

/** What a subscription needs of the connection that it shares with others. */
export interface SubscriptionHost {
  readonly backpressure: Backpressure;
  readonly events: EventOutlet;
  /** The client is too slow for a subscription that gets every event. */
  tooSlow(): void;
  subscriptionStarted(label: string): void;
  eventsConflated(count: number): void;
  eventDeliveredLate(): void;
  subscriptionEnded(id: string, errors: readonly EndingError[] | null): void;
  /** Ends an operation with an error. */
  subscriptionFailed(id: string, error: CodedError): void;
}

export interface ConnectionSubscriptionFacts {
  id: string;
  label: string;
  conflates: boolean;
  /** Whether the client asked for it. */
  withCursor: boolean;
  /** What an event of it begins with. */
  prefix: Buffer;
}

/**
 * One of the subscriptions on one connection. What an event needs of the connection is at hand: with many connections each object on
 * the way is one that the processor has to wait for.
 */
export class ConnectionSubscription extends ClientSubscription {
  readonly label: string;
  protected readonly backpressure: Backpressure;
  readonly #events: EventOutlet;
  readonly #host: SubscriptionHost;
  readonly #id: string;
  readonly #withCursor: boolean;
  readonly #prefix: Buffer;
  /** The head that the client was told of last. */
  #told: EventCursor | null = null;

  constructor(host: SubscriptionHost, { id, label, conflates, withCursor, prefix }: ConnectionSubscriptionFacts) {
    super(conflates);
    this.#id = id;
    this.#withCursor = withCursor;
    this.#host = host;
    this.backpressure = host.backpressure;
    this.#events = host.events;
    this.label = label;
    this.#prefix = prefix;
  }

  get connection(): object {
    return this.#host;
  }

  started(): void {
    this.#host.subscriptionStarted(this.label);
  }

  fail(error: CodedError): void {
    if (error.code === "SLOW_CONSUMER") this.#host.tooSlow();
    else this.#host.subscriptionFailed(this.#id, error);
  }

  /** The newest event that the client should have, as its cursor; null when it was told already or has nothing to compare. */
  newHead(): string | null {
    if (!this.#withCursor || this.group === null) return null;
    const head = this.group.headFor(this);
    if (head === null || head === this.#told) return null;
    this.#told = head;
    return head.text;
  }

  protected send(delivery: Delivery, note: StreamNote | null): void {
    if (this.#withCursor) this.sent = delivery.cursor;
    this.#events.write(this.#prefix, delivery.closedBytes(this.#withCursor, note));
  }

  protected countConflated(count: number): void {
    this.#host.eventsConflated(count);
  }

  protected countDeliveredLate(): void {
    this.#host.eventDeliveredLate();
  }

  protected finish(errors: readonly EndingError[] | null): void {
    this.#host.subscriptionEnded(this.#id, errors);
  }
}
