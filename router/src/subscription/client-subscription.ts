import type { Delivery, StreamNote } from "../streams/delivery.ts";
import { Subscriber, type EndingError } from "../streams/group.ts";
import type { Backpressure, Holder } from "./backpressure.ts";

/** One subscription of a client. While its socket is slow, LATEST keeps the newest event of each channel and skips the rest. */
export abstract class ClientSubscription extends Subscriber implements Holder {
  /** How to leave the group; set once it is joined. */
  leave: (() => void) | null = null;
  /** Events that were put on the socket. */
  delivered = 0;
  readonly #conflates: boolean;
  /** LATEST, while the socket is slow: the newest event of each channel, and how many it replaced. */
  #held: Map<string, { delivery: Delivery; skipped: number }> | null = null;

  constructor(conflates: boolean) {
    super();
    this.#conflates = conflates;
  }

  protected abstract readonly backpressure: Backpressure;
  /** Puts an event on the socket; the note is for this client alone. */
  protected abstract send(delivery: Delivery, note: StreamNote | null): void;
  /** So many events were skipped for newer ones while the socket was slow. */
  protected abstract countConflated(count: number): void;
  /** An event that was held back was put on the socket. */
  protected abstract countDeliveredLate(): void;
  /** Tells the client that no event follows, with errors or as it should be. */
  protected abstract finish(errors: readonly EndingError[] | null): void;

  deliver(delivery: Delivery): boolean {
    if (this.#conflates && (this.#held !== null || this.backpressure.isHigh)) {
      this.#hold(delivery);
      return false;
    }
    this.#sendNow(delivery);
    return true;
  }

  abstract override get connection(): object;

  get isFull(): boolean {
    return this.backpressure.isFull;
  }

  drained(): Promise<void> {
    return this.backpressure.drained();
  }

  ended(errors: readonly EndingError[] | null): void {
    for (const delivery of this.#takeHeld()) {
      this.#sendNow(delivery);
      this.countDeliveredLate();
    }
    this.finish(errors);
  }

  /** Delivers what was held back. */
  giveHeld(): void {
    for (const delivery of this.#takeHeld()) if (this.deliver(delivery)) this.countDeliveredLate();
  }

  /** Leaves the group: nothing is delivered any more. */
  end(): void {
    this.#held = null;
    this.leave?.();
  }

  #sendNow(delivery: Delivery): void {
    const { note } = this;
    this.note = null;
    this.delivered += 1;
    this.send(delivery, note);
  }

  #takeHeld(): Delivery[] {
    const held = [...(this.#held?.values() ?? [])];
    this.#held = null;
    return held.map(({ delivery, skipped }) => delivery.skipping(skipped));
  }

  #hold(delivery: Delivery): void {
    if (this.#held === null) {
      this.#held = new Map();
      this.backpressure.giveHeldLater(this);
    }
    const replaced = this.#held.get(delivery.channelKey);
    // What the replaced event had skipped would be forgotten with it.
    const skipped = replaced === undefined ? 0 : replaced.skipped + replaced.delivery.conflated + 1;
    if (replaced !== undefined) this.countConflated(1);
    this.#held.set(delivery.channelKey, { delivery, skipped });
  }
}
