import { CodedError } from "@mib/service/coded-error";
import type { Bar, BarInterval, StoredInterval } from "./bar.ts";
import type { BarRange } from "./bar-range.ts";
import type { DataSource, Instrument } from "./instrument.ts";
import type { TradeWindow } from "./trade-window.ts";

export interface Quote {
  symbol: string;
  bidPrice: string;
  bidSize: string;
  askPrice: string;
  askSize: string;
  atNanos: bigint;
}

export interface Trade {
  symbol: string;
  id: string;
  price: string;
  size: string;
  side: "BUY" | "SELL" | null;
  atNanos: bigint;
}

/** A trade with its place in the order of its instrument's trades. */
export interface PlacedTrade extends Trade {
  sequence: bigint;
  ordinal: bigint;
}

/** Trades out of the engine's memory, and where that begins. */
export interface TradeMemory {
  trades: PlacedTrade[];
  epoch: string;
  /** The epoch began after this sequence. */
  epochAfter: bigint;
  /** Every trade after this sequence is in memory; 0: none is forgotten. */
  forgottenSequence: bigint;
  /** No trade that is forgotten happened later; 0: none is forgotten. */
  forgottenNanos: bigint;
}

export interface PriceLevel {
  price: string;
  size: string;
}

export interface OrderBook {
  symbol: string;
  bids: PriceLevel[];
  asks: PriceLevel[];
  atNanos: bigint;
}

export interface SessionStatistics {
  open: string;
  high: string;
  low: string;
  last: string;
  volume: string;
  tradeCount: number;
  changePercent: number;
}

export interface FeedStatus {
  name: string;
  source: DataSource;
  connected: boolean;
  lastEventNanos: bigint | null;
  eventsPerSecond: number;
  gaps: number;
}

/**
 * What the engine knows, or several that share the instruments. Everything fails with ENGINE_UNAVAILABLE or TIMEOUT while the engine
 * of the instrument can't be asked.
 */
export interface Market {
  /** Of each engine those that it has. */
  instruments(): Promise<Instrument[]>[];
  /** In the order of the symbols; null where there is none, an error where the engine of the symbol has failed. */
  quotes(symbols: readonly string[]): Promise<(Quote | null | CodedError)[]>;
  lastTrades(symbols: readonly string[]): Promise<(Trade | null | CodedError)[]>;
  statistics(symbols: readonly string[]): Promise<(SessionStatistics | null | CodedError)[]>;
  /** The newest `count` of the range, newest last; empty when the engine doesn't know the symbol. */
  bars(
    symbol: string,
    interval: BarInterval,
    range: Pick<BarRange, "fromNanos" | "toNanos">,
    count: number,
  ): Promise<Bar[]>;
  /** Oldest first; empty when the engine doesn't know the symbol. */
  tradesBetween(symbol: string, window: TradeWindow): Promise<TradeMemory>;
  /** The last trade with this id that came. */
  findTrade(symbol: string, tradeId: bigint): Promise<PlacedTrade | null>;
  book(symbol: string, depth: number): Promise<OrderBook | null>;
  /** Of several engines one status of each feed; one that an engine can't be asked about is not connected. */
  feeds(): Promise<FeedStatus[]>;
  /** As the engine of the symbol has them. */
  feedsOf(symbol: string): Promise<FeedStatus[]>;
}

/** Final bars that were written down. */
export interface BarHistory {
  /** The newest `count` of the range, newest last. */
  bars(
    symbol: string,
    interval: StoredInterval,
    range: Pick<BarRange, "fromNanos" | "toNanos">,
    count: number,
  ): Promise<Bar[]>;
}

/** Trades that were written down. */
export interface TradeHistory {
  /** Oldest first. All of the symbol's trades up to `writtenTo` are written, or were and are too old by now. */
  tradesBetween(
    symbol: string,
    window: TradeWindow,
  ): Promise<{ trades: PlacedTrade[]; writtenTo: { epoch: string; sequence: bigint } | null }>;
  /** The newest trade with this id. */
  findTrade(symbol: string, tradeId: bigint): Promise<PlacedTrade | null>;
}

/** Instruments that were written down. */
export interface InstrumentStore {
  all(): Promise<Instrument[]>;
  save(instruments: readonly Instrument[]): Promise<void>;
}

export function isEngineDown(error: unknown): error is CodedError {
  return error instanceof CodedError && (error.code === "ENGINE_UNAVAILABLE" || error.code === "TIMEOUT");
}
