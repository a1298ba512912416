import { parseE9 } from "@mib/protocol/decimal";
import type { LevelInput } from "@mib/protocol/feed-session";
import { parseNanos } from "@mib/protocol/instant";
import { Side } from "@mib/protocol/messages.generated";
import { isDecimal, MessageFields, VenueMessageError } from "../message-fields.ts";

export interface KrakenTrade {
  symbol: string;
  tradeId: number;
  priceE9: bigint;
  sizeE9: bigint;
  aggressor: Side;
  atNanos: bigint;
}

export interface KrakenTicker {
  symbol: string;
  bidPriceE9: bigint;
  bidSizeE9: bigint;
  askPriceE9: bigint;
  askSizeE9: bigint;
  /** Older versions do not say. */
  atNanos: bigint | null;
}

export interface KrakenBook {
  symbol: string;
  /** In the order in which they happened. */
  levels: LevelInput[];
  /** Of the ten best levels of each side after these changes. */
  checksum: number;
  /** Snapshots may not say. */
  atNanos: bigint | null;
}

export type KrakenMessage =
  | { kind: "trades"; trades: KrakenTrade[] }
  | { kind: "tickers"; tickers: KrakenTicker[] }
  | { kind: "book"; snapshot: boolean; books: KrakenBook[] }
  | { kind: "heartbeat" }
  | { kind: "refused"; reason: string; symbol: string | null }
  | { kind: "other" };

/** Reads a message of Kraken's WebSocket v2 (docs.kraken.com/api/docs/websocket-v2). */
export function parseKrakenMessage(text: string): KrakenMessage {
  const message = new MessageFields(parseExactly(text));
  if (message.optionalText("method") === "subscribe" && message.has("success") && !message.flag("success"))
    return {
      kind: "refused",
      reason: message.optionalText("error") ?? "no reason given",
      symbol: message.optionalText("symbol") ?? null,
    };
  const rows = () => message.list("data").map(row);
  switch (message.optionalText("channel")) {
    case "trade":
      return { kind: "trades", trades: rows().map(tradeOf) };
    case "ticker":
      return { kind: "tickers", tickers: rows().map(tickerOf) };
    case "book":
      return { kind: "book", snapshot: message.text("type") === "snapshot", books: rows().map(bookOf) };
    case "heartbeat":
      return { kind: "heartbeat" };
    default:
      return { kind: "other" };
  }
}

/** JSON with each number as the text that was sent: as a number it would lose digits that count. */
function parseExactly(text: string): object {
  // The third argument is part of ECMAScript 2025; the types do not have it yet.
  const reviver = (_: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" ? plainDecimal(context?.source ?? String(value)) : value;
  let json: unknown;
  try {
    json = JSON.parse(text, reviver);
  } catch (error) {
    throw new VenueMessageError("not JSON", { cause: error });
  }
  if (typeof json !== "object" || json === null) throw new VenueMessageError("not an object");
  return json;
}

const WITH_EXPONENT = /^(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d{1,2})$/;

/** `1.5e-7` as `0.00000015`; what has no exponent stays as it is. */
export function plainDecimal(text: string): string {
  const match = WITH_EXPONENT.exec(text);
  if (!match) return text;
  const [, sign, whole = "", fraction = "", exponent] = match;
  const point = whole.length + Number(exponent);
  const digits = `${"0".repeat(Math.max(0, 1 - point))}${whole}${fraction}`;
  const at = Math.max(1, point);
  const padded = digits.padEnd(at, "0");
  return `${sign}${padded.slice(0, at)}${padded.length > at ? `.${padded.slice(at)}` : ""}`;
}

function row(value: unknown): MessageFields {
  if (typeof value !== "object" || value === null) throw new VenueMessageError("data holds no objects");
  return new MessageFields(value);
}

function tradeOf(trade: MessageFields): KrakenTrade {
  const side = trade.text("side");
  if (side !== "buy" && side !== "sell") throw new VenueMessageError("side is neither buy nor sell");
  return {
    symbol: trade.text("symbol"),
    tradeId: wholeOf(trade, "trade_id"),
    priceE9: parseE9(trade.decimal("price")),
    sizeE9: parseE9(trade.decimal("qty")),
    aggressor: side === "buy" ? Side.BUY : Side.SELL,
    atNanos: parseNanos(trade.text("timestamp")),
  };
}

function tickerOf(ticker: MessageFields): KrakenTicker {
  return {
    symbol: ticker.text("symbol"),
    bidPriceE9: parseE9(ticker.decimal("bid")),
    bidSizeE9: parseE9(ticker.decimal("bid_qty")),
    askPriceE9: parseE9(ticker.decimal("ask")),
    askSizeE9: parseE9(ticker.decimal("ask_qty")),
    atNanos: timeOf(ticker),
  };
}

function bookOf(book: MessageFields): KrakenBook {
  const levels = (name: string, side: Side): LevelInput[] =>
    book.list(name).map((value) => {
      const level = row(value);
      return { side, priceE9: parseE9(level.decimal("price")), sizeE9: parseE9(level.decimal("qty")) };
    });
  return {
    symbol: book.text("symbol"),
    levels: [...levels("bids", Side.BUY), ...levels("asks", Side.SELL)],
    checksum: wholeOf(book, "checksum"),
    atNanos: timeOf(book),
  };
}

function timeOf(fields: MessageFields): bigint | null {
  return fields.has("timestamp") ? parseNanos(fields.text("timestamp")) : null;
}

/** Numbers are texts here. */
function wholeOf(fields: MessageFields, name: string): number {
  const text = fields.text(name);
  if (!isDecimal(text) || !Number.isSafeInteger(Number(text)))
    throw new VenueMessageError(`${name} is no whole number`);
  return Number(text);
}
