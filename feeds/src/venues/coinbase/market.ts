import { FLAG_BAD_TS_RECV, FLAG_MAYBE_BAD_BOOK } from "@mib/protocol/messages.generated";
import type { MarketSink } from "../../market-sink.ts";
import { LocalBook } from "../local-book.ts";
import { TradeIds } from "../trade-ids.ts";
import { ResyncNeeded, type VenueCounts } from "../venue.ts";
import type { CoinbaseMessage } from "./messages.ts";

type Of<Kind extends CoinbaseMessage["kind"]> = Extract<CoinbaseMessage, { kind: Kind }>;

interface Product {
  instrumentId: number;
  /** Null until the connection's snapshot has come. */
  book: LocalBook | null;
  crossedSinceNanos: bigint | null;
  trades: TradeIds;
  /** Newest trade that a heartbeat told of and that has not come. */
  missingTradeId: number;
  /** Up to here what is missing has been counted. */
  countedTradeId: number;
  lastTickerSequence: number;
  newestNanos: bigint;
  quote: { atNanos: bigint; bidPriceE9: bigint; bidSizeE9: bigint; askPriceE9: bigint; askSizeE9: bigint } | null;
}

/** Levels of a side that are told of a snapshot, which is of the whole book: as many as the engine keeps. */
const SNAPSHOT_LEVELS_MAX = 5_000;
const BOOK_LEVELS_MAX = 200_000;
/** How far behind the newest event of a product another may come. */
const LATENESS_NANOS = 1_000_000_000n;
/** Longer than this no book is crossed that has every update. */
const CROSSED_NANOS_MAX = 2_000_000_000n;

/**
 * Coinbase Exchange's messages as records. Trades are known by their consecutive ids; the book is the connection's snapshot and
 * what came after it, which the venue guarantees to be whole; quotes are its best levels and those of the ticker, whichever
 * is newer. A book that stays crossed is given up, and so is the connection.
 */
export class CoinbaseMarket {
  readonly counts: VenueCounts = { repeats: 0, holes: 0 };
  readonly #sink: MarketSink;
  readonly #products = new Map<string, Product>();

  constructor(sink: MarketSink, products: ReadonlyMap<string, number>, atNanos: bigint) {
    this.#sink = sink;
    for (const [product, instrumentId] of products) {
      this.#products.set(product, {
        instrumentId,
        book: null,
        crossedSinceNanos: null,
        trades: new TradeIds(),
        missingTradeId: 0,
        countedTradeId: 0,
        lastTickerSequence: 0,
        newestNanos: 0n,
        quote: null,
      });
      this.#emptyBook(instrumentId, atNanos);
    }
  }

  handle(message: CoinbaseMessage, receivedNanos: bigint): void {
    if (message.kind === "error") throw new ResyncNeeded(`the venue says: ${message.reason}`);
    if (message.kind === "other") return;
    const product = this.#products.get(message.product);
    if (!product) return;
    if (message.atNanos !== null && message.atNanos > product.newestNanos) product.newestNanos = message.atNanos;
    switch (message.kind) {
      case "match":
        return this.#match(product, message, receivedNanos);
      case "ticker":
        return this.#ticker(product, message, receivedNanos);
      case "snapshot":
        return this.#snapshot(product, message, receivedNanos);
      case "l2update":
        return this.#update(product, message, receivedNanos);
      case "heartbeat":
        return this.#heartbeat(product, message);
    }
  }

  disconnected(atNanos: bigint): void {
    for (const product of this.#products.values()) {
      if (product.book) this.#emptyBook(product.instrumentId, atNanos);
      Object.assign(product, { book: null, crossedSinceNanos: null, missingTradeId: 0 });
    }
  }

  #match(product: Product, message: Of<"match">, receivedNanos: bigint): void {
    const before = Math.max(product.trades.last, product.countedTradeId);
    if (!product.trades.isNew(message.tradeId)) {
      this.counts.repeats += 1;
      return;
    }
    // The engine counts the same hole by itself: trades are defined to be consecutive.
    if (before !== 0 && message.tradeId > before + 1 && !product.trades.knows(message.tradeId - 1))
      this.counts.holes += 1;
    this.#sink.trade({
      instrumentId: product.instrumentId,
      ...times(message.atNanos, receivedNanos),
      tradeId: BigInt(message.tradeId),
      priceE9: message.priceE9,
      sizeE9: message.sizeE9,
      side: message.aggressor,
    });
  }

  #ticker(product: Product, message: Of<"ticker">, receivedNanos: bigint): void {
    if (message.sequence <= product.lastTickerSequence) {
      this.counts.repeats += 1;
      return;
    }
    product.lastTickerSequence = message.sequence;
    this.#quote(product, message.bid, message.ask, message.atNanos, receivedNanos, BigInt(message.sequence));
  }

  #snapshot(product: Product, message: Of<"snapshot">, receivedNanos: bigint): void {
    const atNanos = message.atNanos ?? (product.newestNanos || receivedNanos);
    product.book = new LocalBook(BOOK_LEVELS_MAX, message.levels);
    product.book.truncate();
    product.crossedSinceNanos = null;
    this.#sink.bookSnapshot({
      instrumentId: product.instrumentId,
      ...times(atNanos, receivedNanos),
      levels: product.book.levels(SNAPSHOT_LEVELS_MAX),
    });
    this.#quoteOfBook(product, atNanos, receivedNanos);
  }

  #update(product: Product, message: Of<"l2update">, receivedNanos: bigint): void {
    const { book } = product;
    if (!book || message.changes.length === 0) return;
    for (const change of message.changes) book.set(change);
    const cut = book.truncate();
    this.#sink.bookDelta({
      instrumentId: product.instrumentId,
      ...times(message.atNanos, receivedNanos),
      levels: [...message.changes, ...cut],
    });
    if (!book.crossed) {
      product.crossedSinceNanos = null;
      return this.#quoteOfBook(product, message.atNanos, receivedNanos);
    }
    product.crossedSinceNanos ??= message.atNanos;
    if (message.atNanos - product.crossedSinceNanos <= CROSSED_NANOS_MAX) return;
    this.counts.holes += 1;
    this.#sink.gap({
      instrumentId: product.instrumentId,
      ...times(message.atNanos, receivedNanos),
      fromVenueSequence: 0n,
      toVenueSequence: 0n,
    });
    throw new ResyncNeeded(`the book of ${message.product} is crossed`);
  }

  /** Matches can be dropped by the venue: a heartbeat names the newest, and by the next heartbeat it has come or is missing. */
  #heartbeat(product: Product, message: Of<"heartbeat">): void {
    const { missingTradeId, trades } = product;
    // The last one that came may be a late one, with a lower id.
    if (missingTradeId > Math.max(trades.last, product.countedTradeId) && !trades.knows(missingTradeId)) {
      this.counts.holes += 1;
      product.countedTradeId = missingTradeId;
    }
    product.missingTradeId = product.trades.last === 0 ? 0 : message.lastTradeId;
    this.#sink.clock(message.atNanos - LATENESS_NANOS, product.instrumentId);
  }

  #quoteOfBook(product: Product, atNanos: bigint, receivedNanos: bigint): void {
    const { bestBid, bestAsk } = product.book!;
    if (bestBid && bestAsk) this.#quote(product, bestBid, bestAsk, atNanos, receivedNanos, 0n);
  }

  /** Nothing older than what was told, nothing told twice, nothing of an empty side. */
  #quote(
    product: Product,
    bid: { priceE9: bigint; sizeE9: bigint },
    ask: { priceE9: bigint; sizeE9: bigint },
    atNanos: bigint,
    receivedNanos: bigint,
    venueSequence: bigint,
  ): void {
    const last = product.quote;
    if (bid.priceE9 === 0n || ask.priceE9 === 0n || bid.priceE9 >= ask.priceE9) return;
    if (last && atNanos < last.atNanos) return;
    const next = {
      bidPriceE9: bid.priceE9,
      bidSizeE9: bid.sizeE9,
      askPriceE9: ask.priceE9,
      askSizeE9: ask.sizeE9,
    };
    const same =
      last?.bidPriceE9 === next.bidPriceE9 &&
      last.bidSizeE9 === next.bidSizeE9 &&
      last.askPriceE9 === next.askPriceE9 &&
      last.askSizeE9 === next.askSizeE9;
    product.quote = { atNanos, ...next };
    if (same) return;
    this.#sink.quote({
      instrumentId: product.instrumentId,
      ...times(atNanos, receivedNanos),
      venueSequence,
      ...next,
    });
  }

  #emptyBook(instrumentId: number, tsEventNanos: bigint): void {
    this.#sink.bookSnapshot({ instrumentId, tsEventNanos, flags: FLAG_MAYBE_BAD_BOOK, levels: [] });
  }
}

function times(atNanos: bigint, receivedNanos: bigint) {
  // A receiver's clock that lags behind the venue's says nothing about how long the message took.
  return {
    tsEventNanos: atNanos,
    tsRecvNanos: receivedNanos,
    flags: receivedNanos < atNanos ? FLAG_BAD_TS_RECV : 0,
  };
}
