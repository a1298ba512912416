import { setTimeout as delay } from "node:timers/promises";
import type { RecordedSubscription } from "./clients/recorded-subscription.ts";
import type { FaultWorld } from "./faults/fault.ts";

/**
 * Nobody gets anything for so long: who lacks something then will never get it. A loss of Redis is noticed within 5 s, one of
 * Kafka within 21 s; then everything is connected and read anew.
 */
const STILL_MS_MAX = 60_000;
const POLL_MS = 100;
/** For who began anew: it has a place in its stream once an event comes. */
const NEXT_EVENT_MS = 2_000;

/**
 * With nothing harmed any more, waits until all clients have all that was published; who does not get there is found by the
 * check. Events are published only where the last one may be lost for good, and for subscriptions that have no place in their stream: the others
 * must find out by themselves what they lack, without a later event that shows it. It takes as long as something moves: a slow machine is no loss.
 */
export async function settle({ clients, publisher }: FaultWorld): Promise<void> {
  const subscriptions = clients.flatMap((client) => client.subscriptions);
  await publisher.pause();
  // What Redis took and lost is told with the next event, and there has to be one.
  await publisher.publishOneEach({ mayLose: true });
  const isWhole = (subscription: RecordedSubscription) =>
    subscription.hasPlace &&
    subscription.wanted.channels.every((channel) => subscription.lastOf(channel) === publisher.lastOf(channel));
  const placed = subscriptions.filter(({ hasPlace }) => hasPlace);
  if (!(await untilAll(placed, isWhole, STILL_MS_MAX))) return;
  const stillSince = performance.now();
  while (!subscriptions.every(isWhole) && performance.now() < stillSince + STILL_MS_MAX) {
    await publisher.publishOneEach();
    await untilAll(subscriptions, isWhole, NEXT_EVENT_MS);
  }
}

/** False when nobody gets anything for so long. */
async function untilAll(
  subscriptions: readonly RecordedSubscription[],
  holds: (subscription: RecordedSubscription) => boolean,
  stillMsMax: number,
): Promise<boolean> {
  const observed = () => subscriptions.reduce((sum, { receivedCount }) => sum + receivedCount, 0);
  let [count, movedAt] = [observed(), performance.now()];
  while (!subscriptions.every(holds)) {
    await delay(POLL_MS);
    const now = observed();
    if (now !== count) [count, movedAt] = [now, performance.now()];
    else if (performance.now() - movedAt > stillMsMax) return false;
  }
  return true;
}
