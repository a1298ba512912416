import { CodedError } from "@mib/service/coded-error";
import { connectionOf } from "@mib/subgraph-server/connection";
import { barRangeOf } from "../domain/bar-range.ts";
import { readingPageOf } from "../domain/sensor-reading.ts";
import { sensorCursor, sensorPageOf } from "../domain/sensor.ts";
import { bookDepthOf, tradePageOf } from "../domain/trade-page.ts";
import { tradeWindowOf } from "../domain/trade-window.ts";
import type { InstrumentResolvers } from "../generated/resolvers.ts";
import { readingsOf } from "./sensors.ts";
import { placeOf, tradeConnectionOf } from "./trade-connection.ts";

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
  trades: ({ symbol }, page, { trades, lists }) => {
    const { last, beforeTradeId } = tradePageOf(page);
    return lists.read(
      () => trades.before(symbol, beforeTradeId, last),
      (found) => found.length,
    );
  },
  tradeHistory: async ({ symbol }, { after, before, ...given }, { trades, lists }) => {
    const window = tradeWindowOf({
      ...given,
      after: after == null ? null : placeOf(after, "after"),
      before: before == null ? null : placeOf(before, "before"),
    });
    const page = await lists.read(
      () => trades.read(symbol, window),
      (found) => found.trades.length,
    );
    return tradeConnectionOf(page, window, { after, before });
  },
  book: ({ symbol }, given, { market, lists }) => {
    const depth = bookDepthOf(given.depth);
    return lists.read(
      () => market.book(symbol, depth),
      (book) => (book ? book.bids.length + book.asks.length : 0),
    );
  },
  sensors: async ({ symbol }, given, { sensors }) => {
    const { first, afterId } = sensorPageOf(given);
    const bound = await sensors.boundTo.load(symbol);
    const rest = bound.filter(({ id }) => afterId === null || id > afterId);
    return connectionOf(rest.slice(0, first + 1), first, sensorCursor);
  },
  sensorReadings: async ({ symbol }, { sensors: wanted, ...given }, context) => {
    const page = readingPageOf(given);
    const bound = await context.sensors.boundTo.load(symbol);
    const named = wanted == null ? null : new Set(wanted);
    const ids = bound.map(({ id }) => id).filter((id) => named === null || named.has(id));
    return readingsOf(ids, page, context);
  },
};
