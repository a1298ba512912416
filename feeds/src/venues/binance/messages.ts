import { MessageFields, parseObject, type TextLevel } from "../message-fields.ts";

/** Which of Binance's markets a message is from. */
export type BinanceMarketName = "spot" | "usdm";

interface OfInstrument {
  market: BinanceMarketName;
  /** The venue's own symbol. */
  symbol: string;
}

export interface TradeMessage extends OfInstrument {
  kind: "trade";
  tradeId: number;
  price: string;
  size: string;
  /** The buyer's order was in the book, so the seller came to it. */
  buyerIsMaker: boolean;
  atMs: number;
}

export interface BookTickerMessage extends OfInstrument {
  kind: "bookTicker";
  updateId: number;
  bid: TextLevel;
  ask: TextLevel;
  /** Spot does not say. */
  atMs: number | null;
}

export interface DepthMessage extends OfInstrument {
  kind: "depth";
  firstUpdateId: number;
  lastUpdateId: number;
  /** Futures number updates with jumps and name the one before. */
  previousUpdateId: number | null;
  bids: readonly TextLevel[];
  asks: readonly TextLevel[];
  atMs: number;
}

/** Answer of the REST endpoint `depth`. */
export interface DepthSnapshotMessage {
  kind: "depthSnapshot";
  market: BinanceMarketName;
  /** The answer does not say: a recording does, by the name of a stream. */
  symbol: string | null;
  lastUpdateId: number;
  bids: readonly TextLevel[];
  asks: readonly TextLevel[];
  atMs: number | null;
}

/** Something that is no market data: an answer to a subscription, a stream that is not read. */
interface OtherMessage {
  kind: "other";
}

export type BinanceMessage = TradeMessage | BookTickerMessage | DepthMessage | DepthSnapshotMessage | OtherMessage;

/**
 * Reads a message as the WebSocket (`{"stream", "data"}` or the data alone) or the REST endpoint `depth` sends it. Which market
 * it is from shows in its fields: futures have `X` on trades, `e` on book tickers, `pu` on depth updates, `T` on snapshots.
 */
export function parseBinanceMessage(text: string): BinanceMessage {
  const json = parseObject(text);
  const message = new MessageFields(
    "data" in json && typeof json.data === "object" && json.data !== null ? json.data : json,
  );
  switch (message.optionalText("e")) {
    case "trade":
      return trade(message);
    case "depthUpdate":
      return depth(message);
    case "bookTicker":
      return bookTicker(message, "usdm");
    case undefined:
      if (message.has("lastUpdateId")) return depthSnapshot(message, "stream" in json ? json.stream : undefined);
      if (message.has("u") && message.has("B")) return bookTicker(message, "spot");
      return { kind: "other" };
    default:
      return { kind: "other" };
  }
}

function trade(message: MessageFields): TradeMessage {
  return {
    kind: "trade",
    market: message.has("X") ? "usdm" : "spot",
    symbol: message.text("s"),
    tradeId: message.whole("t"),
    price: message.decimal("p"),
    size: message.decimal("q"),
    buyerIsMaker: message.flag("m"),
    atMs: message.timeMs("T"),
  };
}

function bookTicker(message: MessageFields, market: BinanceMarketName): BookTickerMessage {
  return {
    kind: "bookTicker",
    market,
    symbol: message.text("s"),
    updateId: message.whole("u"),
    bid: [message.decimal("b"), message.decimal("B")],
    ask: [message.decimal("a"), message.decimal("A")],
    atMs: message.has("T") ? message.timeMs("T") : null,
  };
}

function depth(message: MessageFields): DepthMessage {
  const previousUpdateId = message.has("pu") ? message.whole("pu") : null;
  return {
    kind: "depth",
    market: previousUpdateId === null ? "spot" : "usdm",
    symbol: message.text("s"),
    firstUpdateId: message.whole("U"),
    lastUpdateId: message.whole("u"),
    previousUpdateId,
    bids: message.levels("b"),
    asks: message.levels("a"),
    atMs: message.has("T") ? message.timeMs("T") : message.timeMs("E"),
  };
}

function depthSnapshot(message: MessageFields, stream: unknown): DepthSnapshotMessage {
  const atMs = message.has("T") ? message.timeMs("T") : null;
  return {
    kind: "depthSnapshot",
    market: atMs === null ? "spot" : "usdm",
    symbol: typeof stream === "string" ? stream.split("@")[0]!.toUpperCase() : null,
    lastUpdateId: message.whole("lastUpdateId"),
    bids: message.levels("bids"),
    asks: message.levels("asks"),
    atMs,
  };
}
