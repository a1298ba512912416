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
  bars: ({ symbol }, { interval, ...range }, { bars }) => bars.read(symbol, interval, barRangeOf(range)),
  trades: ({ symbol }, page, { market }) => {
    const { last, beforeTradeId } = tradePageOf(page);
    return market.trades(symbol, last, beforeTradeId);
  },
  book: ({ symbol }, { depth }, { market }) => market.book(symbol, bookDepthOf(depth)),
};
