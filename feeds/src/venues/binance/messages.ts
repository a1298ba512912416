/** Which of Binance's markets a message is from. */
export type BinanceMarketName = "spot" | "usdm";

/** Price and size of a level, as decimal texts. */
export type TextLevel = readonly [price: string, size: string];

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

/** Answer of the REST endpoint `depth`; it does not name its symbol. */
export interface DepthSnapshotMessage {
  kind: "depthSnapshot";
  market: BinanceMarketName;
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

/** The text is not a message of this venue, or one of its fields is missing or wrong. */
export class BinanceMessageError extends Error {}

/**
 * Reads a message as the WebSocket (`{"stream", "data"}` or the data alone) or the REST endpoint `depth` sends it. Which market
 * it is from shows in its fields: futures have `X` on trades, `e` on book tickers, `pu` on depth updates, `T` on snapshots.
 */
export function parseBinanceMessage(text: string): BinanceMessage {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new BinanceMessageError("not JSON", { cause: error });
  }
  if (typeof json !== "object" || json === null) throw new BinanceMessageError("not an object");
  const message = new Fields("data" in json && typeof json.data === "object" && json.data !== null ? json.data : json);
  switch (message.optionalText("e")) {
    case "trade":
      return trade(message);
    case "depthUpdate":
      return depth(message);
    case "bookTicker":
      return bookTicker(message, "usdm");
    case undefined:
      if (message.has("lastUpdateId")) return depthSnapshot(message);
      if (message.has("u") && message.has("B")) return bookTicker(message, "spot");
      return { kind: "other" };
    default:
      return { kind: "other" };
  }
}

function trade(message: Fields): TradeMessage {
  return {
    kind: "trade",
    market: message.has("X") ? "usdm" : "spot",
    symbol: message.text("s"),
    tradeId: message.whole("t"),
    price: message.decimal("p"),
    size: message.decimal("q"),
    buyerIsMaker: message.flag("m"),
    atMs: message.whole("T"),
  };
}

function bookTicker(message: Fields, market: BinanceMarketName): BookTickerMessage {
  return {
    kind: "bookTicker",
    market,
    symbol: message.text("s"),
    updateId: message.whole("u"),
    bid: [message.decimal("b"), message.decimal("B")],
    ask: [message.decimal("a"), message.decimal("A")],
    atMs: message.has("T") ? message.whole("T") : null,
  };
}

function depth(message: Fields): DepthMessage {
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
    atMs: message.has("T") ? message.whole("T") : message.whole("E"),
  };
}

function depthSnapshot(message: Fields): DepthSnapshotMessage {
  const atMs = message.has("T") ? message.whole("T") : null;
  return {
    kind: "depthSnapshot",
    market: atMs === null ? "spot" : "usdm",
    lastUpdateId: message.whole("lastUpdateId"),
    bids: message.levels("bids"),
    asks: message.levels("asks"),
    atMs,
  };
}

/** Fields of a message, each checked when it is read. */
class Fields {
  readonly #fields: Record<string, unknown>;

  constructor(fields: object) {
    this.#fields = fields as Record<string, unknown>;
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined;
  }

  optionalText(name: string): string | undefined {
    const value = this.#fields[name];
    return typeof value === "string" ? value : undefined;
  }

  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value !== "string" || value === "") throw new BinanceMessageError(`${name} is no text`);
    return value;
  }

  decimal(name: string): string {
    const value = this.#fields[name];
    if (!isDecimal(value)) throw new BinanceMessageError(`${name} is no decimal number`);
    return value;
  }

  whole(name: string): number {
    const value = this.#fields[name];
    if (!Number.isSafeInteger(value) || (value as number) < 0)
      throw new BinanceMessageError(`${name} is no whole number`);
    return value as number;
  }

  flag(name: string): boolean {
    const value = this.#fields[name];
    if (typeof value !== "boolean") throw new BinanceMessageError(`${name} is neither true nor false`);
    return value;
  }

  levels(name: string): readonly TextLevel[] {
    const value = this.#fields[name];
    if (!Array.isArray(value) || !value.every(isLevel))
      throw new BinanceMessageError(`${name} is no list of levels of decimal numbers`);
    return value as TextLevel[];
  }
}

function isLevel(value: unknown): boolean {
  return Array.isArray(value) && isDecimal(value[0]) && isDecimal(value[1]);
}

/** What fits into 1e-9 units of 63 bits. */
const DECIMAL = /^\d{1,10}(?:\.\d{1,9}0*)?$/;

function isDecimal(value: unknown): value is string {
  return typeof value === "string" && DECIMAL.test(value);
}
