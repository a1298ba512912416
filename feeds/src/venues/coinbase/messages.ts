import { parseE9 } from "@mib/protocol/decimal";
import type { LevelInput } from "@mib/protocol/feed-session";
import { parseNanos } from "@mib/protocol/instant";
import { Side } from "@mib/protocol/messages.generated";
import { isDecimal, MessageFields, parseObject, VenueMessageError } from "../message-fields.ts";

interface OfProduct {
  product: string;
  atNanos: bigint;
}

export type CoinbaseMessage =
  | ({ kind: "match"; tradeId: number; priceE9: bigint; sizeE9: bigint; aggressor: Side } & OfProduct)
  | ({ kind: "ticker"; sequence: number; bid: PriceAndSize; ask: PriceAndSize } & OfProduct)
  | { kind: "snapshot"; product: string; atNanos: bigint | null; levels: LevelInput[] }
  | ({ kind: "l2update"; changes: LevelInput[] } & OfProduct)
  | ({ kind: "heartbeat"; lastTradeId: number } & OfProduct)
  | { kind: "error"; reason: string }
  | { kind: "other" };

interface PriceAndSize {
  priceE9: bigint;
  sizeE9: bigint;
}

/**
 * Reads a message of Coinbase Exchange's WebSocket (docs.cdp.coinbase.com/exchange/websocket-feed/channels). Types that are
 * not known are `other`: the venue may add some at any time.
 */
export function parseCoinbaseMessage(text: string): CoinbaseMessage {
  const message = new MessageFields(parseObject(text));
  switch (message.optionalText("type")) {
    case "match":
    case "last_match":
      return match(message);
    case "ticker":
      return ticker(message);
    case "snapshot":
      return {
        kind: "snapshot",
        product: message.text("product_id"),
        atNanos: message.has("time") ? timeOf(message) : null,
        levels: [...levelsOf(message, "bids", Side.BUY), ...levelsOf(message, "asks", Side.SELL)],
      };
    case "l2update":
      return { kind: "l2update", ...productOf(message), changes: message.list("changes").map(changeOf) };
    case "heartbeat":
      return { kind: "heartbeat", ...productOf(message), lastTradeId: message.whole("last_trade_id") };
    case "error":
      return {
        kind: "error",
        reason: [message.optionalText("message"), message.optionalText("reason")].filter(Boolean).join(": "),
      };
    default:
      return { kind: "other" };
  }
}

function match(message: MessageFields): CoinbaseMessage {
  // The side is that of the order in the book.
  const maker = sideOf(message.text("side"));
  return {
    kind: "match",
    ...productOf(message),
    tradeId: message.whole("trade_id"),
    priceE9: parseE9(message.decimal("price")),
    sizeE9: parseE9(message.decimal("size")),
    aggressor: maker === Side.BUY ? Side.SELL : Side.BUY,
  };
}

function ticker(message: MessageFields): CoinbaseMessage {
  const of = (name: string): PriceAndSize => ({
    priceE9: parseE9(message.decimal(name)),
    sizeE9: message.has(`${name}_size`) ? parseE9(message.decimal(`${name}_size`)) : 0n,
  });
  return {
    kind: "ticker",
    ...productOf(message),
    sequence: message.whole("sequence"),
    bid: of("best_bid"),
    ask: of("best_ask"),
  };
}

function productOf(message: MessageFields): OfProduct {
  return { product: message.text("product_id"), atNanos: timeOf(message) };
}

function timeOf(message: MessageFields): bigint {
  return parseNanos(message.text("time"));
}

function levelsOf(message: MessageFields, name: string, side: Side): LevelInput[] {
  return message.levels(name).map(([price, size]) => ({ side, priceE9: parseE9(price), sizeE9: parseE9(size) }));
}

function changeOf(change: unknown): LevelInput {
  if (!Array.isArray(change) || !isDecimal(change[1]) || !isDecimal(change[2]))
    throw new VenueMessageError("a change is no side, price and size");
  return { side: sideOf(change[0]), priceE9: parseE9(change[1]), sizeE9: parseE9(change[2]) };
}

function sideOf(value: unknown): Side {
  if (value === "buy") return Side.BUY;
  if (value === "sell") return Side.SELL;
  throw new VenueMessageError("side is neither buy nor sell");
}
