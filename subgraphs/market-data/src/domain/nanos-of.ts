import { parseNanos } from "@mib/protocol/instant";

/** April 2262, the last time that every reader can count to, a column of 64 bits among them; the engine would begin anew in 2554. */
export const LATEST_NANOS = 2n ** 63n - 1n;

/** Times before 1970 mean the beginning of time, and those that nobody can count to its end: nothing is older or newer. */
export function nanosOf(text: string | null | undefined): bigint | null {
  if (text == null) return null;
  const nanos = Date.parse(text) <= 0 ? 0n : parseNanos(text);
  return nanos < LATEST_NANOS ? nanos : LATEST_NANOS;
}
