import { CodedError } from "@mib/service/coded-error";
import { blockBytes, QueryPool } from "./query-pool.ts";
import {
  BOOK_DELTA_TEMPLATE,
  decodeBar,
  decodeBookDelta,
  decodeBookSnapshot,
  decodeEngineStatus,
  decodeFeedStatus,
  decodeInstrumentDefinition,
  decodePositionedTrade,
  decodeQuote,
  decodeStatistics,
  decodeTrade,
  decodeTradeMemory,
  encodeQueryBars,
  encodeQueryBook,
  encodeQueryFeeds,
  encodeQueryInstruments,
  encodeQueryLastTrades,
  encodeQueryQuotes,
  encodeQueryStatistics,
  encodeQueryStatus,
  encodeQueryTradeRange,
  encodeQueryTrades,
  FLAG_MAYBE_BAD_BOOK,
  INSTRUMENT_UNDEFINED,
  QUERY_BARS_BYTES,
  QUERY_BARS_TEMPLATE,
  QUERY_BOOK_BYTES,
  QUERY_BOOK_TEMPLATE,
  QUERY_FEEDS_BYTES,
  QUERY_FEEDS_TEMPLATE,
  QUERY_INSTRUMENTS_BYTES,
  QUERY_INSTRUMENTS_TEMPLATE,
  QUERY_LAST_TRADES_BYTES,
  QUERY_LAST_TRADES_TEMPLATE,
  QUERY_QUOTES_BYTES,
  QUERY_QUOTES_TEMPLATE,
  QUERY_STATISTICS_BYTES,
  QUERY_STATISTICS_TEMPLATE,
  QUERY_STATUS_BYTES,
  QUERY_STATUS_TEMPLATE,
  QUERY_TRADE_RANGE_BYTES,
  QUERY_TRADE_RANGE_TEMPLATE,
  QUERY_TRADES_BYTES,
  QUERY_TRADES_TEMPLATE,
  Side,
  TIME_UNDEFINED,
  TRADE_MEMORY_TEMPLATE,
  type Bar,
  type BarInterval,
  type Block,
  type EngineStatus,
  type FeedStatus,
  type InstrumentDefinition,
  type PositionedTrade,
  type Quote,
  type Statistics,
  type Trade,
} from "./messages.generated.ts";
import type { Shard } from "./shard.ts";

/** What the engine says, as of the input with this sequence; everything up to there is on disk. */
export interface Answer<Value> {
  asOfSequence: bigint;
  value: Value;
}

export interface Level {
  priceE9: bigint;
  sizeE9: bigint;
}

export interface Book {
  /** Best first. */
  bids: Level[];
  asks: Level[];
  tsEventNanos: bigint;
  venueSequence: bigint;
  /** The venue's numbers showed a hole and no snapshot has come since. */
  maybeBad: boolean;
}

/** Where a trade stands: when it happened, and the engine's sequence of it. */
export interface TradePlace {
  atNanos: bigint;
  sequence: bigint;
}

/** Trades out of memory, and where that begins. */
export interface TradeRange {
  /** In the order of their places. */
  trades: PositionedTrade[];
  epoch: string;
  /** The epoch began after this sequence: trades up to there were published in an earlier one. */
  epochAfter: bigint;
  /** Every trade after this sequence is in memory; 0: none is forgotten. */
  forgottenSequence: bigint;
  /** No trade that is forgotten happened later; 0: none is forgotten. */
  forgottenNanos: bigint;
}

export interface EngineClientOptions {
  /** `unix:/path` or `tcp:host:port`. */
  address: string;
  /** What the engine there must be; without it, whichever it is. */
  shard?: Shard;
  connections?: number;
  timeoutMs?: number;
}

const SYMBOLS_MAX = 20_000;
const SYMBOL_BYTES_MAX = 40;
const U64_MAX = 2n ** 64n - 1n;

/**
 * Asks the engine. Queries share a few connections and do not wait for one another; each has a time limit. Fails with
 * the codes ENGINE_UNAVAILABLE (not reachable), TIMEOUT, INSTRUMENT_NOT_FOUND and BAD_USER_INPUT.
 */
export class EngineClient {
  readonly #pool: QueryPool;

  constructor({ address, shard, connections = 2, timeoutMs = 2_000 }: EngineClientOptions) {
    this.#pool = new QueryPool({ address, shard, connections, timeoutMs });
  }

  /** All instruments, in the order in which they were defined. */
  async instruments(): Promise<Answer<InstrumentDefinition[]>> {
    const query = one(QUERY_INSTRUMENTS_BYTES, (block) =>
      encodeQueryInstruments(block, 0, { fromInstrumentId: 0, limit: 0 }),
    );
    return this.#pool.ask(QUERY_INSTRUMENTS_TEMPLATE, QUERY_INSTRUMENTS_BYTES, query, decodeInstrumentDefinition);
  }

  /** The quote of each symbol, in their order; null where there is none. */
  quotes(symbols: readonly string[]): Promise<Answer<(Quote | null)[]>> {
    return this.#perSymbol(symbols, QUERY_QUOTES_TEMPLATE, QUERY_QUOTES_BYTES, encodeQueryQuotes, decodeQuote);
  }

  /** The last trade of each symbol, in their order; null where there is none. */
  lastTrades(symbols: readonly string[]): Promise<Answer<(Trade | null)[]>> {
    return this.#perSymbol(
      symbols,
      QUERY_LAST_TRADES_TEMPLATE,
      QUERY_LAST_TRADES_BYTES,
      encodeQueryLastTrades,
      decodeTrade,
    );
  }

  /** The session statistics of each symbol, in their order; null where nothing has been traded. */
  statistics(symbols: readonly string[]): Promise<Answer<(Statistics | null)[]>> {
    return this.#perSymbol(
      symbols,
      QUERY_STATISTICS_TEMPLATE,
      QUERY_STATISTICS_BYTES,
      encodeQueryStatistics,
      decodeStatistics,
    );
  }

  /** Bars that opened in [from, to), newest last; with `last` at most so many, counted from the newest. */
  bars(query: {
    symbol: string;
    interval: BarInterval;
    fromNanos?: bigint | undefined;
    toNanos?: bigint | undefined;
    last?: number | undefined;
  }): Promise<Answer<Bar[]>> {
    const symbol = checked(query.symbol);
    const body = one(QUERY_BARS_BYTES, (block) =>
      encodeQueryBars(block, 0, {
        symbol,
        interval: query.interval,
        fromNanos: query.fromNanos ?? 0n,
        toNanos: query.toNanos ?? TIME_UNDEFINED,
        last: query.last ?? 0,
      }),
    );
    return this.#pool.ask(QUERY_BARS_TEMPLATE, QUERY_BARS_BYTES, body, decodeBar);
  }

  /** The last trades, newest last; with `beforeTradeId` those before that trade. */
  trades(query: {
    symbol: string;
    last?: number | undefined;
    beforeTradeId?: bigint | undefined;
  }): Promise<Answer<Trade[]>> {
    const symbol = checked(query.symbol);
    const body = one(QUERY_TRADES_BYTES, (block) =>
      encodeQueryTrades(block, 0, { symbol, last: query.last ?? 0, beforeTradeId: query.beforeTradeId ?? 0n }),
    );
    return this.#pool.ask(QUERY_TRADES_TEMPLATE, QUERY_TRADES_BYTES, body, decodeTrade);
  }

  /**
   * Trades between two places, both included: at most `limit` of them, the first or, with `newest`, the last. With `tradeId` only
   * the one with this id, the last that came should there be several.
   */
  async tradeRange(query: {
    symbol: string;
    from?: TradePlace | undefined;
    to?: TradePlace | undefined;
    tradeId?: bigint | undefined;
    limit?: number | undefined;
    newest?: boolean | undefined;
  }): Promise<Answer<TradeRange>> {
    const symbol = checked(query.symbol);
    const body = one(QUERY_TRADE_RANGE_BYTES, (block) =>
      encodeQueryTradeRange(block, 0, {
        symbol,
        fromNanos: query.from?.atNanos ?? 0n,
        fromSequence: query.from?.sequence ?? 0n,
        toNanos: query.to?.atNanos ?? U64_MAX,
        toSequence: query.to?.sequence ?? U64_MAX,
        tradeId: query.tradeId ?? 0n,
        limit: query.limit ?? 0,
        newest: query.newest ? 1 : 0,
      }),
    );
    const { asOfSequence, value } = await this.#pool.ask(
      QUERY_TRADE_RANGE_TEMPLATE,
      QUERY_TRADE_RANGE_BYTES,
      body,
      decodeTradeRangeRecord,
    );
    return { asOfSequence, value: tradeRangeOf(value) };
  }

  /** The order book to a depth; null when the feed sends none. */
  async book(query: { symbol: string; depth?: number | undefined }): Promise<Answer<Book | null>> {
    const symbol = checked(query.symbol);
    const body = one(QUERY_BOOK_BYTES, (block) => encodeQueryBook(block, 0, { symbol, depth: query.depth ?? 0 }));
    const { asOfSequence, value } = await this.#pool.ask(QUERY_BOOK_TEMPLATE, QUERY_BOOK_BYTES, body, decodeBookRecord);
    return { asOfSequence, value: value.length === 0 ? null : bookOf(value) };
  }

  /** What flows in. */
  feeds(): Promise<Answer<FeedStatus[]>> {
    return this.#pool.ask(
      QUERY_FEEDS_TEMPLATE,
      QUERY_FEEDS_BYTES,
      one(QUERY_FEEDS_BYTES, (block) => encodeQueryFeeds(block, 0, {})),
      decodeFeedStatus,
    );
  }

  /** How far the engine is; the hash of its state takes a while and is 0 unless asked for. */
  async status({ withStateHash = false } = {}): Promise<Answer<EngineStatus>> {
    const body = one(QUERY_STATUS_BYTES, (block) =>
      encodeQueryStatus(block, 0, { withStateHash: withStateHash ? 1 : 0 }),
    );
    const { asOfSequence, value } = await this.#pool.ask(
      QUERY_STATUS_TEMPLATE,
      QUERY_STATUS_BYTES,
      body,
      decodeEngineStatus,
    );
    return { asOfSequence, value: value[0]! };
  }

  close(): void {
    this.#pool.close();
  }

  async #perSymbol<Value extends { instrumentId: number }>(
    symbols: readonly string[],
    template: number,
    blockLen: number,
    encode: (block: Block, offset: number, message: { symbol: string }) => void,
    decode: (block: Block, offset: number) => Value,
  ): Promise<Answer<(Value | null)[]>> {
    if (symbols.length > SYMBOLS_MAX) throw new CodedError("RANGE_TOO_LARGE", `at most ${SYMBOLS_MAX} symbols at once`);
    const body = blockBytes(blockLen * symbols.length);
    // A symbol that is too long to exist is asked for as the empty one, which nobody has.
    for (const [at, symbol] of symbols.entries()) encode(body, at * blockLen, { symbol: fits(symbol) ? symbol : "" });
    const { asOfSequence, value } = await this.#pool.ask(template, blockLen, body, decode);
    return {
      asOfSequence,
      value: value.map((record) => (record.instrumentId === INSTRUMENT_UNDEFINED ? null : record)),
    };
  }
}

function one(bytes: number, encode: (block: Block) => void): Block {
  const block = blockBytes(bytes);
  encode(block);
  return block;
}

function fits(symbol: string): boolean {
  return Buffer.byteLength(symbol) <= SYMBOL_BYTES_MAX;
}

function checked(symbol: string): string {
  if (!fits(symbol)) throw new CodedError("INSTRUMENT_NOT_FOUND", undefined, { symbol });
  return symbol;
}

type TradeRangeRecord = ReturnType<typeof decodeTradeMemory> | PositionedTrade;

function decodeTradeRangeRecord(block: Block, offset: number): TradeRangeRecord {
  return block.bytes[offset] === TRADE_MEMORY_TEMPLATE
    ? decodeTradeMemory(block, offset)
    : decodePositionedTrade(block, offset);
}

function tradeRangeOf(records: TradeRangeRecord[]): TradeRange {
  const [memory, ...trades] = records as [ReturnType<typeof decodeTradeMemory>, ...PositionedTrade[]];
  return {
    trades,
    epoch: uuidText(memory.epoch),
    epochAfter: memory.epochAfter,
    forgottenSequence: memory.forgottenSequence,
    forgottenNanos: memory.tsEventNanos,
  };
}

function uuidText(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

type BookRecord = ReturnType<typeof decodeBookDelta> | ReturnType<typeof decodeBookSnapshot>;

function decodeBookRecord(block: Block, offset: number): BookRecord {
  return block.bytes[offset] === BOOK_DELTA_TEMPLATE
    ? decodeBookDelta(block, offset)
    : decodeBookSnapshot(block, offset);
}

function bookOf(records: BookRecord[]): Book {
  const [head, ...levels] = records as [ReturnType<typeof decodeBookSnapshot>, ...ReturnType<typeof decodeBookDelta>[]];
  const side = (wanted: number) =>
    levels.filter((level) => level.side === wanted).map(({ priceE9, sizeE9 }) => ({ priceE9, sizeE9 }));
  return {
    bids: side(Side.BUY),
    asks: side(Side.SELL),
    tsEventNanos: head.tsEventNanos,
    venueSequence: head.venueSequence,
    maybeBad: (head.flags & FLAG_MAYBE_BAD_BOOK) !== 0,
  };
}
