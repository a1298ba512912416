import { CodedError } from "@mib/service/coded-error";
import { checkedCount } from "./trade-window.ts";

const BOOK_DEPTH_MAX = 1_000;
const U64_MAX = 2n ** 64n - 1n;

/** Reads the arguments of `trades`. Ids are the venues' numbers; what is no number is no trade's id. */
export function tradePageOf({
  last,
  before,
}: {
  last?: number | null | undefined;
  before?: string | null | undefined;
}): { last: number; beforeTradeId: bigint | null } {
  const count = checkedCount(last ?? 50, "last");
  if (before == null) return { last: count, beforeTradeId: null };
  if (!/^\d{1,20}$/.test(before) || BigInt(before) > U64_MAX || BigInt(before) === 0n) {
    throw new CodedError("BAD_USER_INPUT", "before is no trade's id.", { argument: "before" });
  }
  return { last: count, beforeTradeId: BigInt(before) };
}

export function bookDepthOf(depth: number | null | undefined): number {
  const levels = depth ?? 10;
  if (levels < 1 || levels > BOOK_DEPTH_MAX) {
    throw new CodedError("BAD_USER_INPUT", `depth is between 1 and ${BOOK_DEPTH_MAX}.`, { argument: "depth" });
  }
  return levels;
}
