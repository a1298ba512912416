import type { Delivery } from "./delivery.ts";
import { Subscriber } from "./group.ts";

/** Takes everything, and keeps where it is: for tests. */
export class Taker extends Subscriber {
  readonly isFull = false;
  deliver(delivery: Delivery): boolean {
    this.sent = delivery.cursor;
    return true;
  }
  started(): void {}
  fail(): void {}
  drained(): Promise<void> {
    return Promise.resolve();
  }
  ended(): void {}
}
