import { CodedError } from "@mib/service/coded-error";
import { nanosOf } from "./nanos-of.ts";
import { beginningOf, comparePlaces, type TradePlace } from "./trade-place.ts";

const TRADES_MAX = 1_000;
const TRADES_DEFAULT = 100;

/** Trades between two places, neither included: the first `count` of them, or the last. */
export interface TradeWindow {
  after: TradePlace | null;
  before: TradePlace | null;
  count: number;
  end: "FIRST" | "LAST";
}

export interface TradeWindowArguments {
  from?: string | null | undefined;
  to?: string | null | undefined;
  first?: number | null | undefined;
  last?: number | null | undefined;
  after: TradePlace | null;
  before: TradePlace | null;
}

/** Reads the arguments of `tradeHistory`: without `first` and `last` it is the last 100. */
export function tradeWindowOf({ from, to, first, last, after, before }: TradeWindowArguments): TradeWindow {
  if (first != null && last != null)
    throw new CodedError("BAD_USER_INPUT", "Either first or last, not both.", { argument: "last" });
  const count = checkedCount(first ?? last ?? TRADES_DEFAULT, first == null ? "last" : "first");
  const [fromNanos, toNanos] = [nanosOf(from), nanosOf(to)];
  return {
    after: narrower(fromNanos === null ? null : beginningOf(fromNanos), after, 1),
    before: narrower(toNanos === null ? null : beginningOf(toNanos), before, -1),
    count,
    end: first == null ? "LAST" : "FIRST",
  };
}

export function checkedCount(count: number, argument: string): number {
  if (count < 0) throw new CodedError("BAD_USER_INPUT", `${argument} is not negative.`, { argument });
  if (count > TRADES_MAX)
    throw new CodedError("RANGE_TOO_LARGE", `At most ${TRADES_MAX} trades at once: read them page by page.`, {
      tradesMax: TRADES_MAX,
    });
  return count;
}

function narrower(left: TradePlace | null, right: TradePlace | null, sign: 1 | -1): TradePlace | null {
  if (left === null || right === null) return left ?? right;
  return comparePlaces(left, right) * sign > 0 ? left : right;
}
