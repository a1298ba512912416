import { CodedError } from "@mib/service/coded-error";
import { nanosOf } from "./nanos-of.ts";

export const BARS_MAX = 10_000;

/** Bars that opened in [from, to): all of them (ALL), or the last `count` (LAST). */
export interface BarRange {
  fromNanos: bigint | null;
  toNanos: bigint | null;
  take: "ALL" | "LAST";
  count: number;
}

/**
 * Reads the arguments of `bars`. With `from` it is every bar of the range, and more than 10 000 are refused; without it
 * the last ones before `to`.
 */
export function barRangeOf({
  from,
  to,
  last,
}: {
  from?: string | null | undefined;
  to?: string | null | undefined;
  last?: number | null | undefined;
}): BarRange {
  const count = last ?? 100;
  if (count < 0) throw new CodedError("BAD_USER_INPUT", "last is not negative.", { argument: "last" });
  if (from == null && count > BARS_MAX) throw rangeTooLarge();
  const range = { fromNanos: nanosOf(from), toNanos: nanosOf(to) };
  if (range.fromNanos === null) return { ...range, take: "LAST", count };
  return { ...range, take: "ALL", count: BARS_MAX };
}

export function rangeTooLarge(): CodedError {
  return new CodedError("RANGE_TOO_LARGE", `At most ${BARS_MAX} bars at once: ask for a smaller range.`, {
    barsMax: BARS_MAX,
  });
}
