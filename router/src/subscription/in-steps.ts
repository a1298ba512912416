import { setTimeout as delay } from "node:timers/promises";

const STEPS = 10;

/** Does something to each, spread over a while, so that those who come back for it do not come all at once. */
export async function inSteps<T>(all: readonly T[], overMs: number, action: (one: T) => void): Promise<void> {
  const step = Math.ceil(all.length / STEPS);
  for (let start = 0; start < all.length; start += step) {
    for (const one of all.slice(start, start + step)) action(one);
    if (start + step < all.length) await delay(overMs / STEPS);
  }
}
