import { setTimeout as delay } from "node:timers/promises";

export interface EventuallyOptions {
  deadlineMs?: number;
  /** Errors of these classes end the wait at once: waiting can't mend them. */
  giveUpOn?: abstract new (...args: never[]) => Error;
}

/** Where the machine is nobody's to choose, a deadline is there to end what never comes, not to judge how fast it came. */
const PATIENCE = process.env["CI"] ? 4 : 1;

/** A deadline as this machine keeps it: longer in CI. */
export const patient = (ms: number): number => ms * PATIENCE;

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
  const patienceMs = patient(deadlineMs);
  const deadline = performance.now() + patienceMs;
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
      throw new Error(`not within ${patienceMs} ms: ${reason}`, { cause: failure });
    }
    await delay(Math.min(pauseMs, Math.max(0, deadline - performance.now())));
    pauseMs = Math.min(pauseMs * 1.5, PAUSE_MS_MAX);
  }
}
