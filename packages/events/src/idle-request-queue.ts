import { createRequire } from "node:module";

/** What of kafkajs's request queue is used here, one per connection to a broker. */
interface RequestQueue {
  pending: unknown[];
  /** Milliseconds since the Unix epoch. */
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

const CHECK_MS_MIN = 10;

/**
 * Has kafkajs look for requests that wait only while there are some. By itself, version 2.2.4 looks every millisecond on every
 * connection for as long as it is open: a few percent of a core for each idle process (tulios/kafkajs#1704).
 */
export function restIdleRequestQueues(): void {
  const { prototype } = createRequire(import.meta.url)("kafkajs/src/network/requestQueue") as {
    prototype: RequestQueue;
  };
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length === 0 || this.throttleCheckTimeoutId !== null) return;
    const check = () => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    };
    this.throttleCheckTimeoutId = setTimeout(check, Math.max(this.throttledUntil - Date.now(), CHECK_MS_MIN));
  };
}
