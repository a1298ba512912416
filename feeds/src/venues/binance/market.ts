import { parseE9 } from "@mib/protocol/decimal";
import type { InstrumentInput, LevelInput } from "@mib/protocol/feed-session";
import {
  type DataSource,
  FLAG_BAD_TS_RECV,
  FLAG_MAYBE_BAD_BOOK,
  InstrumentClass,
  Side,
} from "@mib/protocol/messages.generated";
import type { MarketSink } from "../../market-sink.ts";
import type { TextLevel } from "../message-fields.ts";
import { TradeIds } from "../trade-ids.ts";
import { DepthSync, type BookStep } from "./depth-sync.ts";
import type {
  BinanceMarketName,
  BinanceMessage,
  BookTickerMessage,
  DepthMessage,
  DepthSnapshotMessage,
  TradeMessage,
} from "./messages.ts";

/** How far behind the newest event another may come. */
const LATENESS_NANOS = 1_000_000_000n;
const CLOCK_NANOS = 1_000_000_000n;
const NANOS_PER_MS = 1_000_000n;

interface Traded {
  instrumentId: number;
  depth: DepthSync;
  firstTradeId: number;
  lastTradeId: number;
  trades: TradeIds;
  firstUpdateId: number;
  lastTickerId: number;
  /** Where updates begin that named no level: the next one that does covers them. */
  pendingFirst: number | null;
  quotedAtNanos: bigint;
}

/** What is added to times and numbers, so that a capture can be told again without looking like a repetition. */
export interface Shift {
  nanos: bigint;
  /** Of one instrument, by `instrumentKey`. */
  tradeIds: ReadonlyMap<string, number>;
  updateIds: ReadonlyMap<string, number>;
}

export interface BinanceMarketOptions {
  source: DataSource;
  /** Platform symbols that are wanted; null: all. */
  symbols: ReadonlySet<string> | null;
  /** What the venue says of its instruments, by `instrumentKey`; others are not wanted. Without it, what messages show. */
  definitions?: ReadonlyMap<string, InstrumentInput>;
}

export interface Counts {
  trades: number;
  quotes: number;
  depthUpdates: number;
  snapshots: number;
  /** What the venue sent twice. */
  repeats: number;
  /** Holes in the venue's numbers of depth updates. */
  holes: number;
  other: number;
}

/**
 * Binance's messages as records. An instrument is defined at its first message; what the venue repeats is dropped; a message
 * without a time of its own gets the newest time that the venue has told.
 */
export class BinanceMarket {
  readonly counts: Counts = { trades: 0, quotes: 0, depthUpdates: 0, snapshots: 0, repeats: 0, holes: 0, other: 0 };
  readonly #sink: MarketSink;
  readonly #options: BinanceMarketOptions;
  readonly #traded = new Map<string, Traded | null>();
  #shift: Shift | null = null;
  #oldestNanos = 0n;
  #newestNanos = 0n;
  #clockNanos = 0n;

  constructor(sink: MarketSink, options: BinanceMarketOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  /** Time from the first to the newest event, without the shift. */
  get spanNanos(): bigint {
    return this.#newestNanos - this.#oldestNanos;
  }

  get oldestNanos(): bigint {
    return this.#oldestNanos;
  }

  /** How many numbers each instrument used for trades and for updates. */
  get spans(): Pick<Shift, "tradeIds" | "updateIds"> {
    const known = [...this.#traded].flatMap(([key, traded]) => (traded ? [[key, traded] as const] : []));
    return {
      tradeIds: new Map(
        known.map(([key, { firstTradeId, lastTradeId }]) => [
          key,
          lastTradeId === 0 ? 0 : lastTradeId - firstTradeId + 1,
        ]),
      ),
      updateIds: new Map(
        known.map(([key, { firstUpdateId, lastTickerId, depth }]) => [
          key,
          firstUpdateId === 0 ? 0 : Math.max(lastTickerId, depth.lastUpdateId) - firstUpdateId + 1,
        ]),
      ),
    };
  }

  /** Symbols that have been defined. */
  get symbols(): string[] {
    return [...this.#traded].filter(([, traded]) => traded).map(([key]) => symbolOf(key));
  }

  /** Defines the instruments that are known beforehand, without waiting for a message of theirs. */
  define(receivedNanos: bigint): void {
    for (const key of this.#options.definitions?.keys() ?? []) {
      const [market, symbol] = key.split("/") as [BinanceMarketName, string];
      this.#find({ market, symbol }, receivedNanos);
    }
  }

  /** Whether an instrument has depth updates and needs a snapshot for them. */
  needsSnapshot(instrument: { market: BinanceMarketName; symbol: string }): boolean {
    const depth = this.#traded.get(instrumentKey(instrument))?.depth;
    return depth !== undefined && depth.waiting && depth.lastUpdateId > 0;
  }

  /** Updates may be missed from here on: books begin anew. What was traded and quoted stays known, so that repeats are seen. */
  disconnected(atNanos: bigint): void {
    for (const traded of this.#traded.values()) {
      if (!traded) continue;
      this.#emptyBook(traded.instrumentId, atNanos);
      Object.assign(traded, { depth: new DepthSync(), pendingFirst: null });
    }
  }

  handle(message: BinanceMessage, receivedNanos: bigint): void {
    switch (message.kind) {
      case "trade":
        return this.#trade(message, receivedNanos);
      case "bookTicker":
        return this.#bookTicker(message, receivedNanos);
      case "depth":
        return this.#depth(message, receivedNanos);
      case "depthSnapshot":
        return this.#snapshot(message, receivedNanos);
      case "other":
        this.counts.other += 1;
    }
  }

  /** The same messages come again, with times and numbers shifted: books begin anew. */
  restart(shift: Shift): void {
    const atNanos = this.#newestNanos + this.#addedNanos;
    for (const traded of this.#traded.values()) {
      if (!traded) continue;
      this.#emptyBook(traded.instrumentId, atNanos);
      Object.assign(traded, {
        depth: new DepthSync(),
        lastTradeId: 0,
        trades: new TradeIds(),
        lastTickerId: 0,
        pendingFirst: null,
        quotedAtNanos: 0n,
      });
    }
    this.#shift = shift;
    this.#newestNanos = 0n;
    this.#clockNanos = 0n;
  }

  /** Nothing follows: what lies before the newest event is over. */
  finish(): void {
    if (this.#newestNanos > 0n) this.#sink.clock(this.#newestNanos + this.#addedNanos);
  }

  #trade(message: TradeMessage, receivedNanos: bigint): void {
    const traded = this.#find(message, receivedNanos);
    if (!traded) return;
    const priceE9 = parseE9(message.price);
    const sizeE9 = parseE9(message.size);
    if (!traded.trades.isNew(message.tradeId)) {
      this.counts.repeats += 1;
      return;
    }
    if (traded.firstTradeId === 0) traded.firstTradeId = message.tradeId;
    traded.lastTradeId = Math.max(traded.lastTradeId, message.tradeId);
    const added = this.#shift?.tradeIds.get(instrumentKey(message)) ?? 0;
    this.#sink.trade({
      instrumentId: traded.instrumentId,
      ...this.#times(BigInt(message.atMs) * NANOS_PER_MS, receivedNanos),
      tradeId: BigInt(message.tradeId + added),
      priceE9,
      sizeE9,
      side: message.buyerIsMaker ? Side.SELL : Side.BUY,
    });
    this.counts.trades += 1;
    this.#tick();
  }

  #bookTicker(message: BookTickerMessage, receivedNanos: bigint): void {
    const traded = this.#find(message, receivedNanos);
    if (!traded) return;
    if (message.updateId <= traded.lastTickerId) {
      this.counts.repeats += 1;
      return;
    }
    const prices = {
      bidPriceE9: parseE9(message.bid[0]),
      bidSizeE9: parseE9(message.bid[1]),
      askPriceE9: parseE9(message.ask[0]),
      askSizeE9: parseE9(message.ask[1]),
    };
    traded.lastTickerId = message.updateId;
    if (traded.firstUpdateId === 0) traded.firstUpdateId = message.updateId;
    const times = this.#times(message.atMs === null ? null : BigInt(message.atMs) * NANOS_PER_MS, receivedNanos);
    if (message.atMs === null && times.tsEventNanos < traded.quotedAtNanos) times.tsEventNanos = traded.quotedAtNanos;
    traded.quotedAtNanos = times.tsEventNanos;
    this.#sink.quote({
      instrumentId: traded.instrumentId,
      ...times,
      venueSequence: this.#updateId(message, message.updateId),
      ...prices,
    });
    this.counts.quotes += 1;
    this.#tick();
  }

  #depth(message: DepthMessage, receivedNanos: bigint): void {
    const traded = this.#find(message, receivedNanos);
    if (!traded) return;
    const { repeats, holes } = traded.depth;
    if (traded.firstUpdateId === 0) traded.firstUpdateId = message.firstUpdateId;
    const steps = traded.depth.update(message);
    this.counts.repeats += traded.depth.repeats - repeats;
    this.counts.holes += traded.depth.holes - holes;
    for (const step of steps) this.#apply(traded, message, step, receivedNanos);
    this.counts.depthUpdates += 1;
    this.#tick();
  }

  /** A snapshot that does not name its instrument belongs to the one of its market that waits for it and whose numbers are nearest. */
  #snapshot(message: DepthSnapshotMessage, receivedNanos: bigint): void {
    const belongs = (key: string) =>
      message.symbol === null
        ? key.startsWith(`${message.market}/`)
        : key === instrumentKey({ market: message.market, symbol: message.symbol });
    const candidates = [...this.#traded].filter(([key, traded]) => traded && belongs(key));
    const waiting = candidates.filter(([, traded]) => traded!.depth.waiting);
    const distance = ([, traded]: (typeof candidates)[number]) =>
      Math.abs((traded!.depth.lastUpdateId || traded!.lastTickerId) - message.lastUpdateId);
    const [found] = (waiting.length > 0 ? waiting : candidates).sort((a, b) => distance(a) - distance(b));
    if (!found) {
      this.counts.other += 1;
      return;
    }
    const [key, traded] = found;
    for (const step of traded!.depth.snapshot(message))
      this.#apply(traded!, { market: message.market, symbol: key.slice(key.indexOf("/") + 1) }, step, receivedNanos);
    this.counts.snapshots += 1;
  }

  #apply(
    traded: Traded,
    instrument: { market: BinanceMarketName; symbol: string },
    step: BookStep,
    receivedNanos: bigint,
  ): void {
    const { instrumentId } = traded;
    if (step.kind === "snapshot") {
      const { atMs, lastUpdateId, bids, asks } = step.snapshot;
      const times = this.#times(atMs === null ? null : BigInt(atMs) * NANOS_PER_MS, receivedNanos);
      traded.pendingFirst = null;
      this.#sink.bookSnapshot({
        instrumentId,
        ...times,
        venueSequence: this.#updateId(instrument, lastUpdateId),
        levels: levelsOf(bids, asks),
      });
      return;
    }
    const { message, coherent } = step;
    const first = traded.pendingFirst ?? step.first;
    traded.pendingFirst = message.bids.length + message.asks.length === 0 ? first : null;
    if (traded.pendingFirst !== null) return;
    const times = this.#times(BigInt(message.atMs) * NANOS_PER_MS, receivedNanos);
    this.#sink.bookDelta({
      instrumentId,
      ...times,
      flags: times.flags | (coherent ? 0 : FLAG_MAYBE_BAD_BOOK),
      firstVenueSequence: this.#updateId(instrument, first),
      venueSequence: this.#updateId(instrument, message.lastUpdateId),
      levels: levelsOf(message.bids, message.asks),
    });
  }

  /** Null: not wanted. */
  #find(message: { market: BinanceMarketName; symbol: string }, receivedNanos: bigint): Traded | null {
    const key = instrumentKey(message);
    const known = this.#traded.get(key);
    if (known !== undefined) return known;
    const { definitions, symbols, source } = this.#options;
    const definition = definitions ? definitions.get(key) : definitionOf(message, source);
    const traded =
      definition && (symbols === null || symbols.has(definition.symbol))
        ? {
            instrumentId: this.#sink.defineInstrument(definition),
            depth: new DepthSync(),
            firstTradeId: 0,
            lastTradeId: 0,
            trades: new TradeIds(),
            firstUpdateId: 0,
            lastTickerId: 0,
            pendingFirst: null,
            quotedAtNanos: 0n,
          }
        : null;
    // What the engine may have of another session is not what this one's updates change.
    if (traded) this.#emptyBook(traded.instrumentId, (this.#newestNanos || receivedNanos) + this.#addedNanos);
    this.#traded.set(key, traded);
    return traded;
  }

  #emptyBook(instrumentId: number, tsEventNanos: bigint): void {
    this.#sink.bookSnapshot({ instrumentId, tsEventNanos, flags: FLAG_MAYBE_BAD_BOOK, levels: [] });
  }

  #times(
    venueNanos: bigint | null,
    receivedNanos: bigint,
  ): { tsEventNanos: bigint; tsRecvNanos: bigint; flags: number } {
    const at = venueNanos ?? (this.#newestNanos > 0n ? this.#newestNanos : receivedNanos);
    if (venueNanos !== null && venueNanos > this.#newestNanos) this.#newestNanos = venueNanos;
    if (venueNanos !== null && (this.#oldestNanos === 0n || venueNanos < this.#oldestNanos))
      this.#oldestNanos = venueNanos;
    // A receiver's clock that lags behind the venue's says nothing about how long the message took.
    return {
      tsEventNanos: at + this.#addedNanos,
      tsRecvNanos: receivedNanos + this.#addedNanos,
      flags: receivedNanos < at ? FLAG_BAD_TS_RECV : 0,
    };
  }

  /** Once a second of the venue's time: nothing follows that is older than what may still be late. */
  #tick(): void {
    const safe = this.#newestNanos - LATENESS_NANOS;
    if (safe - this.#clockNanos < CLOCK_NANOS) return;
    this.#clockNanos = safe;
    this.#sink.clock(safe + this.#addedNanos);
  }

  #updateId(message: { market: BinanceMarketName; symbol: string }, updateId: number): bigint {
    return BigInt(updateId + (this.#shift?.updateIds.get(instrumentKey(message)) ?? 0));
  }

  get #addedNanos(): bigint {
    return this.#shift?.nanos ?? 0n;
  }
}

export const instrumentKey = ({ market, symbol }: { market: BinanceMarketName; symbol: string }): string =>
  `${market}/${symbol}`;

function symbolOf(key: string): string {
  const [market, symbol] = key.split("/") as [BinanceMarketName, string];
  return market === "spot" ? symbol : `${symbol}-PERP`;
}

const QUOTE_ASSETS = /(USDT|USDC|FDUSD|TUSD|BUSD|BTC|ETH|BNB|EUR|TRY|BRL|JPY|GBP)$/;

/** Without the venue's list of instruments: steps of prices and sizes are not known. */
function definitionOf(
  { market, symbol }: { market: BinanceMarketName; symbol: string },
  source: DataSource,
): InstrumentInput {
  const pair = symbol.replace(QUOTE_ASSETS, " / $1");
  const perpetual = market === "usdm";
  return {
    symbol: symbolOf(instrumentKey({ market, symbol })),
    name: perpetual ? `${pair} Perpetual` : pair,
    venue: "BINANCE",
    venueSymbol: symbol,
    class: perpetual ? InstrumentClass.DERIVATIVE : InstrumentClass.CRYPTO,
    source,
    tradesConsecutive: true,
  };
}

function levelsOf(bids: readonly TextLevel[], asks: readonly TextLevel[]): LevelInput[] {
  const of =
    (side: Side) =>
    ([price, size]: TextLevel): LevelInput => ({ side, priceE9: parseE9(price), sizeE9: parseE9(size) });
  return [...bids.map(of(Side.BUY)), ...asks.map(of(Side.SELL))];
}
