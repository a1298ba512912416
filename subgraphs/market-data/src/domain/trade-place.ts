/**
 * Where a trade stands among those of its instrument: in the order of when they happened, those of one moment in the order in
 * which the engine took them. Sequence and ordinal are its position in the stream. A trade with the same place is the same trade,
 * also where it was published again in a later epoch because history was lost.
 */
export interface TradePlace {
  atNanos: bigint;
  sequence: bigint;
  ordinal: bigint;
  id: string;
}

export function comparePlaces(left: TradePlace, right: TradePlace): number {
  return (
    order(left.atNanos, right.atNanos) ||
    order(left.sequence, right.sequence) ||
    order(left.ordinal, right.ordinal) ||
    order(left.id, right.id)
  );
}

/** The place just before everything that happens at this time. */
export function beginningOf(atNanos: bigint): TradePlace {
  return { atNanos, sequence: 0n, ordinal: 0n, id: "" };
}

function order<Value extends bigint | string>(left: Value, right: Value): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
