import { setTimeout as delay } from "node:timers/promises";

/** How much is prepared for a new supergraph before it is taken into use. */
export interface WarmUp {
  /** The operations that were used most. */
  operationsMax: number;
  msMax: number;
}

/**
 * Prepares operations one after another, and returns when all are or the time is over. After each it rests as long as that
 * took, so that requests have the processor meanwhile; what cannot be prepared is left to whoever asks for it.
 */
export async function warmUp(
  keys: readonly string[],
  prepare: (key: string) => Promise<unknown>,
  msMax: number,
): Promise<void> {
  const ended = new AbortController();
  const over = delay(msMax, "over", { signal: ended.signal }).catch(() => "over");
  for (const key of keys) {
    const startedAt = performance.now();
    const prepared = prepare(key)
      .catch(() => {})
      .then(() => delay(performance.now() - startedAt));
    if ((await Promise.race([prepared, over])) === "over") break;
  }
  ended.abort();
}
