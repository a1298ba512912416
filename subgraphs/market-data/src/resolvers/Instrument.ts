import { CodedError } from "@mib/service/coded-error";
import { barRangeOf } from "../domain/bar-range.ts";
import { bookDepthOf, tradePageOf } from "../domain/trade-page.ts";
import type { InstrumentResolvers } from "../generated/resolvers.ts";

export const Instrument: InstrumentResolvers = {
  __resolveReference: async ({ symbol }, { instruments }) => {
    const instrument = await instruments.find(symbol);
    if (!instrument) throw new CodedError("INSTRUMENT_NOT_FOUND", undefined, { symbol });
    return instrument;
  },
  quote: ({ symbol }, _, { quotes }) => quotes.load(symbol),
  lastTrade: ({ symbol }, _, { lastTrades }) => lastTrades.load(symbol),
  statistics: ({ symbol }, _, { statistics }) => statistics.load(symbol),
  bars: ({ symbol }, { interval, ...given }, { bars, lists }) => {
    const range = barRangeOf(given);
    return lists.read(
      () => bars.read(symbol, interval, range),
      (found) => found.length,
    );
  },
  trades: ({ symbol }, page, { market, lists }) => {
    const { last, beforeTradeId } = tradePageOf(page);
    return lists.read(
      () => market.trades(symbol, last, beforeTradeId),
      (found) => found.length,
    );
  },
  book: ({ symbol }, given, { market, lists }) => {
    const depth = bookDepthOf(given.depth);
    return lists.read(
      () => market.book(symbol, depth),
      (book) => (book ? book.bids.length + book.asks.length : 0),
    );
  },
};
