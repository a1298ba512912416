import { FLAG_BAD_TS_RECV, FLAG_MAYBE_BAD_BOOK } from "@mib/protocol/messages.generated";
import type { MarketSink } from "../../market-sink.ts";
import { LocalBook } from "../local-book.ts";
import { VenueMessageError } from "../message-fields.ts";
import { TradeIds } from "../trade-ids.ts";
import { ResyncNeeded, type VenueCounts } from "../venue.ts";
import { bookChecksum, type Precision } from "./book-checksum.ts";
import type { KrakenBook, KrakenMessage, KrakenTicker, KrakenTrade } from "./messages.ts";

export interface KrakenPair {
  instrumentId: number;
  precision: Precision;
}

interface Pair extends KrakenPair {
  /** Null until a snapshot has come, and after a checksum that did not hold. */
  book: LocalBook | null;
  wrongChecksums: number;
  trades: TradeIds;
  newestNanos: bigint;
  quotedAtNanos: bigint;
}

/** Levels of each side; Kraken offers 10, 25, 100, 500 and 1 000. */
export const BOOK_DEPTH = 100;
/** How far behind the newest event another may come. */
const LATENESS_NANOS = 1_000_000_000n;
const CLOCK_NANOS = 1_000_000_000n;
/** So many wrong checksums of one book within one connection: the connection is to blame. */
const WRONG_CHECKSUMS_MAX = 5;

/**
 * Kraken's messages as records. Trades are known by their consecutive ids; a book is kept to its subscribed depth and held
 * against the checksum of every message: a change that does not fit never reaches the engine, `onBadBook` asks for a new
 * snapshot, and until it comes the book is empty and said to be so. Quotes are the ticker's, which tells each change of the best.
 */
export class KrakenMarket {
  readonly counts: VenueCounts = { repeats: 0, holes: 0 };
  readonly #sink: MarketSink;
  readonly #pairs = new Map<string, Pair>();
  #clockNanos = 0n;

  constructor(sink: MarketSink, pairs: ReadonlyMap<string, KrakenPair>, atNanos: bigint) {
    this.#sink = sink;
    for (const [symbol, pair] of pairs) {
      this.#pairs.set(symbol, {
        ...pair,
        book: null,
        wrongChecksums: 0,
        trades: new TradeIds(),
        newestNanos: 0n,
        quotedAtNanos: 0n,
      });
      this.#emptyBook(pair.instrumentId, atNanos);
    }
  }

  handle(message: KrakenMessage, receivedNanos: bigint, onBadBook: (symbol: string) => void): void {
    switch (message.kind) {
      case "trades":
        for (const trade of message.trades) this.#trade(trade, receivedNanos);
        return this.#tick(receivedNanos);
      case "tickers":
        for (const ticker of message.tickers) this.#ticker(ticker, receivedNanos);
        return;
      case "book":
        for (const book of message.books) this.#book(book, message.snapshot, receivedNanos, onBadBook);
        return this.#tick(receivedNanos);
      case "heartbeat":
        return this.#tick(receivedNanos);
      case "refused":
        // Others go on; without any the line falls silent and begins anew.
        throw new VenueMessageError(`the venue refuses ${message.symbol ?? "a subscription"}: ${message.reason}`);
      case "other":
    }
  }

  disconnected(atNanos: bigint): void {
    for (const pair of this.#pairs.values()) {
      if (pair.book) this.#emptyBook(pair.instrumentId, atNanos);
      Object.assign(pair, { book: null, wrongChecksums: 0 });
    }
  }

  /** The snapshot of a subscription repeats the last trades: so a short break leaves no hole. */
  #trade(trade: KrakenTrade, receivedNanos: bigint): void {
    const pair = this.#pairs.get(trade.symbol);
    if (!pair) return;
    const { last } = pair.trades;
    if (!pair.trades.isNew(trade.tradeId)) {
      this.counts.repeats += 1;
      return;
    }
    // The engine counts the same hole by itself: trades are defined to be consecutive.
    if (last !== 0 && trade.tradeId > last + 1 && !pair.trades.knows(trade.tradeId - 1)) this.counts.holes += 1;
    this.#sink.trade({
      instrumentId: pair.instrumentId,
      ...times(pair, trade.atNanos, receivedNanos),
      tradeId: BigInt(trade.tradeId),
      priceE9: trade.priceE9,
      sizeE9: trade.sizeE9,
      side: trade.aggressor,
    });
  }

  #ticker(ticker: KrakenTicker, receivedNanos: bigint): void {
    const pair = this.#pairs.get(ticker.symbol);
    if (!pair || ticker.bidPriceE9 === 0n || ticker.askPriceE9 === 0n) return;
    const at = times(pair, ticker.atNanos, receivedNanos);
    if (at.tsEventNanos < pair.quotedAtNanos) {
      if (ticker.atNanos !== null) return;
      at.tsEventNanos = pair.quotedAtNanos;
    }
    pair.quotedAtNanos = at.tsEventNanos;
    const { bidPriceE9, bidSizeE9, askPriceE9, askSizeE9 } = ticker;
    this.#sink.quote({ instrumentId: pair.instrumentId, ...at, bidPriceE9, bidSizeE9, askPriceE9, askSizeE9 });
  }

  #book(message: KrakenBook, snapshot: boolean, receivedNanos: bigint, onBadBook: (symbol: string) => void): void {
    const pair = this.#pairs.get(message.symbol);
    if (!pair || (!snapshot && !pair.book)) return;
    const at = times(pair, message.atNanos, receivedNanos);
    const book = snapshot ? new LocalBook(BOOK_DEPTH, message.levels) : pair.book!;
    if (!snapshot) for (const level of message.levels) book.set(level);
    const cut = book.truncate();
    if (bookChecksum(book, pair.precision) !== message.checksum) {
      pair.book = null;
      this.counts.holes += 1;
      this.#emptyBook(pair.instrumentId, at.tsEventNanos);
      this.#sink.gap({ instrumentId: pair.instrumentId, ...at, fromVenueSequence: 0n, toVenueSequence: 0n });
      if ((pair.wrongChecksums += 1) > WRONG_CHECKSUMS_MAX)
        throw new ResyncNeeded(`the checksum of ${message.symbol} did not hold ${pair.wrongChecksums} times`);
      return onBadBook(message.symbol);
    }
    pair.book = book;
    const { instrumentId } = pair;
    if (snapshot) this.#sink.bookSnapshot({ instrumentId, ...at, levels: book.levels(BOOK_DEPTH) });
    else if (message.levels.length > 0)
      this.#sink.bookDelta({ instrumentId, ...at, levels: [...message.levels, ...cut] });
  }

  /** Heartbeats come when nothing else does: then the receiver's clock closes bars. */
  #tick(receivedNanos: bigint): void {
    const safe = receivedNanos - LATENESS_NANOS;
    if (safe - this.#clockNanos < CLOCK_NANOS) return;
    this.#clockNanos = safe;
    for (const { instrumentId, newestNanos } of this.#pairs.values()) {
      // A receiver's clock that runs ahead must not close what the venue still trades in.
      if (newestNanos > 0n) this.#sink.clock(safe < newestNanos ? newestNanos - LATENESS_NANOS : safe, instrumentId);
    }
  }

  #emptyBook(instrumentId: number, tsEventNanos: bigint): void {
    this.#sink.bookSnapshot({ instrumentId, tsEventNanos, flags: FLAG_MAYBE_BAD_BOOK, levels: [] });
  }
}

/** A message without a time gets the newest that the venue has told of the pair, else that of its arrival. */
function times(pair: Pair, venueNanos: bigint | null, receivedNanos: bigint) {
  const at = venueNanos ?? (pair.newestNanos || receivedNanos);
  if (venueNanos !== null && venueNanos > pair.newestNanos) pair.newestNanos = venueNanos;
  return { tsEventNanos: at, tsRecvNanos: receivedNanos, flags: receivedNanos < at ? FLAG_BAD_TS_RECV : 0 };
}
