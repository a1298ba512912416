import { InvalidRecordError, type StreamEvent } from "@mib/events/event";
import { validateValue } from "@mib/events/validate";
import { parseE9 } from "@mib/protocol/decimal";
import { parseNanos } from "@mib/protocol/instant";
import type { TradePlace } from "../domain/trade-place.ts";

export const TRADES_TOPIC = "market.trades.v1";
const I64_MAX = 2n ** 63n - 1n;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A trade as it is written down. */
export interface StoredTrade extends TradePlace {
  symbol: string;
  priceE9: bigint;
  sizeE9: bigint;
  side: "BUY" | "SELL" | null;
  epoch: string;
}

/** The value of an event of `market.trades.v1`. */
interface TradeEvent {
  instrument: { symbol: string };
  id: string;
  price: string;
  size: string;
  side?: "BUY" | "SELL" | null;
  at: string;
}

/** Reads an event's position, or throws an InvalidRecordError when it cannot be written down. */
export function positionOf({ position }: StreamEvent): { sequence: bigint; ordinal: bigint; epoch: string } {
  const [sequence, ordinal] = position.id.split("-").map(BigInt) as [bigint, bigint];
  if (!UUID.test(position.epoch)) throw new InvalidRecordError("the epoch is no UUID");
  if (sequence > I64_MAX || ordinal > I64_MAX) throw new InvalidRecordError("the position has more than 63 bits");
  return { sequence, ordinal, epoch: position.epoch };
}

/** Reads a trade, or throws an InvalidRecordError with what makes it none. */
export function tradeOf(event: StreamEvent): StoredTrade {
  const validation = validateValue(TRADES_TOPIC, event.value);
  if (!validation.ok) throw new InvalidRecordError(validation.reason);
  const { instrument, id, price, size, side, at } = validation.value as TradeEvent;
  // PostgreSQL has no text with it, and one such record would keep all that follow.
  if (`${instrument.symbol}${id}`.includes("\0")) throw new InvalidRecordError("a text has a NUL");
  try {
    const atNanos = parseNanos(at);
    if (atNanos > I64_MAX) throw new RangeError(`later than 2262: ${at}`);
    return {
      symbol: instrument.symbol,
      ...positionOf(event),
      atNanos,
      id,
      priceE9: parseE9(price),
      sizeE9: parseE9(size),
      side: side ?? null,
    };
  } catch (error) {
    if (error instanceof RangeError) throw new InvalidRecordError(error.message);
    throw error;
  }
}
