import { formatE9, vwapE9 } from "@mib/protocol/decimal";
import type { EngineClient, TradeRange } from "@mib/protocol/engine-client";
import type { EngineShards } from "@mib/protocol/engine-shards";
import {
  BAR_INTERVAL_NAMES,
  BarInterval as WireInterval,
  DATA_SOURCE_NAMES,
  INSTRUMENT_CLASS_NAMES,
  SIDE_NAMES,
  type Bar as WireBar,
  type FeedStatus as WireFeedStatus,
  type InstrumentDefinition,
  type PositionedTrade,
  type Quote as WireQuote,
  type Statistics,
  type Trade as WireTrade,
} from "@mib/protocol/messages.generated";
import { shardOf } from "@mib/protocol/shard";
import { CodedError } from "@mib/service/coded-error";
import type { Bar, BarInterval } from "../domain/bar.ts";
import type { BarRange } from "../domain/bar-range.ts";
import { changePercent } from "../domain/change-percent.ts";
import type { DataSource, Instrument, InstrumentClass } from "../domain/instrument.ts";
import { mergeFeeds } from "../domain/merge-feeds.ts";
import type {
  FeedStatus,
  Market,
  OrderBook,
  PlacedTrade,
  PriceLevel,
  Quote,
  SessionStatistics,
  Trade,
  TradeMemory,
} from "../domain/ports.ts";
import { comparePlaces } from "../domain/trade-place.ts";
import type { TradeWindow } from "../domain/trade-window.ts";

const FEEDS_FRESH_MS = 500;

/** The market as the engine knows it, or several that share the instruments, over a pooled client of each. */
export class EngineMarket implements Market {
  readonly #engines: EngineShards;
  /** By shard. */
  readonly #feeds: ({ asked: number; answer: Promise<FeedStatus[]> } | null)[];

  constructor(engines: EngineShards) {
    this.#engines = engines;
    this.#feeds = engines.all.map(() => null);
  }

  instruments(): Promise<Instrument[]>[] {
    return this.#engines.all.map(async (engine) => (await engine.instruments()).value.map(instrumentOf));
  }

  async quotes(symbols: readonly string[]): Promise<(Quote | null | CodedError)[]> {
    const quotes = await this.#engines.perSymbol(symbols, (engine, own) => engine.quotes(own));
    return quotes.map((quote, at) => convert(quote, (known) => quoteOf(symbols[at] as string, known)));
  }

  async lastTrades(symbols: readonly string[]): Promise<(Trade | null | CodedError)[]> {
    const trades = await this.#engines.perSymbol(symbols, (engine, own) => engine.lastTrades(own));
    return trades.map((trade, at) => convert(trade, (known) => tradeOf(symbols[at] as string, known)));
  }

  async statistics(symbols: readonly string[]): Promise<(SessionStatistics | null | CodedError)[]> {
    const statistics = await this.#engines.perSymbol(symbols, (engine, own) => engine.statistics(own));
    return statistics.map((each) => convert(each, statisticsOf));
  }

  async bars(
    symbol: string,
    interval: BarInterval,
    { fromNanos, toNanos }: Pick<BarRange, "fromNanos" | "toNanos">,
    count: number,
  ): Promise<Bar[]> {
    const query = {
      symbol,
      interval: WireInterval[interval],
      fromNanos: fromNanos ?? undefined,
      toNanos: toNanos ?? undefined,
      last: count,
    };
    const value = await emptyIfUnknown(
      this.#engines
        .of(symbol)
        .bars(query)
        .then((answer) => answer.value),
    );
    return value.map((bar) => barOf(symbol, bar));
  }

  async tradesBetween(symbol: string, { after, before, count, end }: TradeWindow): Promise<TradeMemory> {
    const answer = await this.#tradeRange({
      symbol,
      from: after ?? undefined,
      to: before ?? undefined,
      // Both ends come too, and are left out here.
      limit: count + 2,
      newest: end === "LAST",
    });
    if (answer === null) return { trades: [], epoch: "", epochAfter: 0n, forgottenSequence: 0n, forgottenNanos: 0n };
    const between = answer.trades
      .map((trade) => placedTradeOf(symbol, trade))
      .filter(
        (trade) =>
          (after === null || comparePlaces(after, trade) < 0) && (before === null || comparePlaces(trade, before) < 0),
      );
    return {
      trades: end === "LAST" ? between.slice(-count) : between.slice(0, count),
      epoch: answer.epoch,
      epochAfter: answer.epochAfter,
      forgottenSequence: answer.forgottenSequence,
      forgottenNanos: answer.forgottenNanos,
    };
  }

  async findTrade(symbol: string, tradeId: bigint): Promise<PlacedTrade | null> {
    const [found] = (await this.#tradeRange({ symbol, tradeId }))?.trades ?? [];
    return found === undefined ? null : placedTradeOf(symbol, found);
  }

  async #tradeRange(query: Parameters<EngineClient["tradeRange"]>[0]): Promise<TradeRange | null> {
    const [answer] = await emptyIfUnknown(
      this.#engines
        .of(query.symbol)
        .tradeRange(query)
        .then(({ value }) => [value]),
    );
    return answer ?? null;
  }

  async book(symbol: string, depth: number): Promise<OrderBook | null> {
    const [book] = await emptyIfUnknown(
      this.#engines
        .of(symbol)
        .book({ symbol, depth })
        .then((answer) => [answer.value]),
    );
    if (!book) return null;
    return { symbol, bids: book.bids.map(levelOf), asks: book.asks.map(levelOf), atNanos: book.tsEventNanos };
  }

  async feeds(): Promise<FeedStatus[]> {
    const answers = await Promise.allSettled(this.#engines.all.map((_, shard) => this.#feedsOfShard(shard)));
    if (answers.every(({ status }) => status === "rejected")) throw (answers[0] as PromiseRejectedResult).reason;
    return mergeFeeds(answers.map((answer) => (answer.status === "fulfilled" ? answer.value : null)));
  }

  feedsOf(symbol: string): Promise<FeedStatus[]> {
    return this.#feedsOfShard(shardOf(symbol, this.#feeds.length));
  }

  /** At most half a second old: many quotes ask at once how their feeds are. */
  #feedsOfShard(shard: number): Promise<FeedStatus[]> {
    const now = performance.now();
    const known = this.#feeds[shard];
    if (known && now - known.asked < FEEDS_FRESH_MS) return known.answer;
    const answer = this.#engines.all[shard]!.feeds().then(({ value }) => value.map(feedOf));
    const asked = { asked: now, answer };
    this.#feeds[shard] = asked;
    // A failure is not kept: the next one asks again.
    answer.catch(() => {
      if (this.#feeds[shard] === asked) this.#feeds[shard] = null;
    });
    return answer;
  }
}

function convert<Wire extends object, Value>(
  answer: Wire | null | CodedError,
  of: (known: Wire) => Value,
): Value | null | CodedError {
  if (answer === null) return null;
  return answer instanceof CodedError ? answer : of(answer);
}

/** History and the directory may know an instrument that the engine has not met since it began. */
async function emptyIfUnknown<Value>(answer: Promise<Value[]>): Promise<Value[]> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CodedError && error.code === "INSTRUMENT_NOT_FOUND") return [];
    throw error;
  }
}

function instrumentOf({ symbol, name, venue, venueSymbol, class: kind, source }: InstrumentDefinition): Instrument {
  return {
    symbol,
    name: name || symbol,
    venue,
    venueSymbol: venueSymbol || symbol,
    class: INSTRUMENT_CLASS_NAMES[kind] as InstrumentClass,
    source: DATA_SOURCE_NAMES[source] as DataSource,
  };
}

function quoteOf(symbol: string, quote: WireQuote): Quote {
  return {
    symbol,
    bidPrice: formatE9(quote.bidPriceE9),
    bidSize: formatE9(quote.bidSizeE9),
    askPrice: formatE9(quote.askPriceE9),
    askSize: formatE9(quote.askSizeE9),
    atNanos: quote.tsEventNanos,
  };
}

function tradeOf(
  symbol: string,
  trade: Pick<WireTrade, "tradeId" | "priceE9" | "sizeE9" | "side" | "tsEventNanos">,
): Trade {
  const side = SIDE_NAMES[trade.side];
  return {
    symbol,
    id: String(trade.tradeId),
    price: formatE9(trade.priceE9),
    size: formatE9(trade.sizeE9),
    side: side === "BUY" || side === "SELL" ? side : null,
    atNanos: trade.tsEventNanos,
  };
}

/** A trade is the first of what follows from its input. */
function placedTradeOf(symbol: string, { sequence, ...trade }: PositionedTrade): PlacedTrade {
  return { ...tradeOf(symbol, trade), sequence, ordinal: 0n };
}

function barOf(symbol: string, bar: WireBar): Bar {
  const vwap = vwapE9(bar.notionalE18, bar.volumeE9);
  return {
    symbol,
    interval: BAR_INTERVAL_NAMES[bar.interval] as BarInterval,
    openedAtMs: Number(bar.tsEventNanos / 1_000_000n),
    open: formatE9(bar.openE9),
    high: formatE9(bar.highE9),
    low: formatE9(bar.lowE9),
    close: formatE9(bar.closeE9),
    volume: formatE9(bar.volumeE9),
    vwap: vwap === null ? null : formatE9(vwap),
    tradeCount: Number(bar.tradeCount),
    final: bar.final === 1,
    revision: bar.revision,
  };
}

function statisticsOf(statistics: Statistics): SessionStatistics {
  return {
    open: formatE9(statistics.openE9),
    high: formatE9(statistics.highE9),
    low: formatE9(statistics.lowE9),
    last: formatE9(statistics.lastE9),
    volume: formatE9(statistics.volumeE9),
    tradeCount: Number(statistics.tradeCount),
    changePercent: changePercent(statistics.openE9, statistics.lastE9),
  };
}

function feedOf(feed: WireFeedStatus): FeedStatus {
  return {
    name: feed.feed,
    source: DATA_SOURCE_NAMES[feed.source] as DataSource,
    connected: feed.connected === 1,
    lastEventNanos: feed.lastEventNanos === 0n ? null : feed.lastEventNanos,
    eventsPerSecond: Number(feed.eventsPerSecondE3) / 1_000,
    gaps: Number(feed.gaps),
  };
}

function levelOf({ priceE9, sizeE9 }: { priceE9: bigint; sizeE9: bigint }): PriceLevel {
  return { price: formatE9(priceE9), size: formatE9(sizeE9) };
}
