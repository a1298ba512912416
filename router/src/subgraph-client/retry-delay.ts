export interface RetryPolicy {
  /** Attempts after the first. */
  retriesMax: number;
  backoffMs: number;
  backoffMsMax: number;
}

const RETRYABLE_STATUS = new Set([429, 502, 503, 504]);

/** Whether an answer with this status may be different in a moment. */
export function isRetryableStatus(status: number): boolean {
  return RETRYABLE_STATUS.has(status);
}

/**
 * Milliseconds to wait before the retry with this number, the first being 1: at random below a bound that doubles, so that
 * requests that failed together do not come back together; never less than what Retry-After asks for.
 */
export function retryDelayMs(
  { backoffMs, backoffMsMax }: RetryPolicy,
  retry: number,
  retryAfterMs: number,
  random: number,
): number {
  return Math.max(retryAfterMs, random * Math.min(backoffMsMax, backoffMs * 2 ** (retry - 1)));
}

/** What a Retry-After header asks for, in seconds or as a date; 0 where it asks for nothing that can be understood. */
export function retryAfterMs(header: string | string[] | undefined, nowMs: number): number {
  if (typeof header !== "string") return 0;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? 0 : Math.max(0, at - nowMs);
}
