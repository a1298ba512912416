import { formatE9, vwapE9 } from "@mib/protocol/decimal";
import type { EngineClient } from "@mib/protocol/engine-client";
import {
  BAR_INTERVAL_NAMES,
  BarInterval as WireInterval,
  DATA_SOURCE_NAMES,
  INSTRUMENT_CLASS_NAMES,
  SIDE_NAMES,
  type Bar as WireBar,
  type FeedStatus as WireFeedStatus,
  type InstrumentDefinition,
  type Statistics,
  type Trade as WireTrade,
} from "@mib/protocol/messages.generated";
import { CodedError } from "@mib/service/coded-error";
import type { Bar, BarInterval } from "../domain/bar.ts";
import type { BarRange } from "../domain/bar-range.ts";
import { changePercent } from "../domain/change-percent.ts";
import type { DataSource, Instrument, InstrumentClass } from "../domain/instrument.ts";
import type { FeedStatus, Market, OrderBook, PriceLevel, Quote, SessionStatistics, Trade } from "../domain/ports.ts";

const FEEDS_FRESH_MS = 500;

/** The market as the engine knows it, over one pooled client. */
export class EngineMarket implements Market {
  readonly #engine: EngineClient;
  #feeds: { asked: number; answer: Promise<FeedStatus[]> } | null = null;

  constructor(engine: EngineClient) {
    this.#engine = engine;
  }

  async instruments(): Promise<Instrument[]> {
    return (await this.#engine.instruments()).value.map(instrumentOf);
  }

  async quotes(symbols: readonly string[]): Promise<(Quote | null)[]> {
    const { value } = await this.#engine.quotes(symbols);
    return value.map(
      (quote, at) =>
        quote && {
          symbol: symbols[at] as string,
          bidPrice: formatE9(quote.bidPriceE9),
          bidSize: formatE9(quote.bidSizeE9),
          askPrice: formatE9(quote.askPriceE9),
          askSize: formatE9(quote.askSizeE9),
          atNanos: quote.tsEventNanos,
        },
    );
  }

  async lastTrades(symbols: readonly string[]): Promise<(Trade | null)[]> {
    const { value } = await this.#engine.lastTrades(symbols);
    return value.map((trade, at) => trade && tradeOf(symbols[at] as string, trade));
  }

  async statistics(symbols: readonly string[]): Promise<(SessionStatistics | null)[]> {
    return (await this.#engine.statistics(symbols)).value.map((statistics) => statistics && statisticsOf(statistics));
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
    const value = await emptyIfUnknown(this.#engine.bars(query).then((answer) => answer.value));
    return value.map((bar) => barOf(symbol, bar));
  }

  async trades(symbol: string, last: number, beforeTradeId: bigint | null): Promise<Trade[]> {
    if (last === 0) return [];
    const value = await emptyIfUnknown(
      this.#engine.trades({ symbol, last, beforeTradeId: beforeTradeId ?? undefined }).then((answer) => answer.value),
    );
    return value.map((trade) => tradeOf(symbol, trade));
  }

  async book(symbol: string, depth: number): Promise<OrderBook | null> {
    const [book] = await emptyIfUnknown(this.#engine.book({ symbol, depth }).then((answer) => [answer.value]));
    if (!book) return null;
    return { symbol, bids: book.bids.map(levelOf), asks: book.asks.map(levelOf), atNanos: book.tsEventNanos };
  }

  /** At most half a second old: many quotes ask at once how their feeds are. */
  feeds(): Promise<FeedStatus[]> {
    const now = performance.now();
    if (this.#feeds && now - this.#feeds.asked < FEEDS_FRESH_MS) return this.#feeds.answer;
    const answer = this.#engine.feeds().then(({ value }) => value.map(feedOf));
    const asked = { asked: now, answer };
    this.#feeds = asked;
    // A failure is not kept: the next one asks again.
    answer.catch(() => {
      if (this.#feeds === asked) this.#feeds = null;
    });
    return answer;
  }
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

function tradeOf(symbol: string, trade: WireTrade): Trade {
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
