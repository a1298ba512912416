import { setTimeout as delay } from "node:timers/promises";

export interface EventuallyOptions {
  deadlineMs?: number;
  /** Errors of these classes end the wait at once: waiting can't mend them. */
  giveUpOn?: abstract new (...args: never[]) => Error;
}

const PAUSE_MS_MIN = 5;
const PAUSE_MS_MAX = 250;

/**
 * Waits until the condition holds, that is until it neither throws nor answers `false`, and returns its answer. Past the
 * deadline it fails with the condition's last failure as the cause, so a test says what was still missing.
 */
export async function eventually<Value>(
  condition: () => Value | Promise<Value>,
  { deadlineMs = 10_000, giveUpOn }: EventuallyOptions = {},
): Promise<Exclude<Value, false>> {
  const deadline = performance.now() + deadlineMs;
  let pauseMs = PAUSE_MS_MIN;
  for (;;) {
    let failure: unknown;
    try {
      const value = await condition();
      if (value !== false) return value as Exclude<Value, false>;
      failure = new Error("the condition is false");
    } catch (error) {
      if (giveUpOn !== undefined && error instanceof giveUpOn) throw error;
      failure = error;
    }
    if (performance.now() >= deadline) {
      const reason = failure instanceof Error ? failure.message : String(failure);
      throw new Error(`not within ${deadlineMs} ms: ${reason}`, { cause: failure });
    }
    await delay(Math.min(pauseMs, Math.max(0, deadline - performance.now())));
    pauseMs = Math.min(pauseMs * 1.5, PAUSE_MS_MAX);
  }
}
