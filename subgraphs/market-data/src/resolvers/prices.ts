import { formatNanos } from "@mib/protocol/instant";
import { CodedError } from "@mib/service/coded-error";
import type { Context } from "../context.ts";
import { isStale } from "../domain/staleness.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { BarResolvers, OrderBookResolvers, QuoteResolvers, TradeResolvers } from "../generated/resolvers.ts";

/** Prices know their instrument by symbol; it was looked up to get them, so it is in the directory. */
function instrumentOf({ symbol }: { symbol: string }, { instruments }: Context): Instrument {
  const instrument = instruments.known(symbol);
  if (!instrument) throw new CodedError("INSTRUMENT_NOT_FOUND", undefined, { symbol });
  return instrument;
}

export const Quote: QuoteResolvers = {
  instrument: (quote, _, context) => instrumentOf(quote, context),
  at: ({ atNanos }) => formatNanos(atNanos),
  stale: async (quote, _, context) =>
    isStale(quote.atNanos, instrumentOf(quote, context), await context.market.feedsOf(quote.symbol)),
};

export const Trade: TradeResolvers = {
  instrument: (trade, _, context) => instrumentOf(trade, context),
  at: ({ atNanos }) => formatNanos(atNanos),
};

export const Bar: BarResolvers = {
  instrument: (bar, _, context) => instrumentOf(bar, context),
  openedAt: ({ openedAtMs }) => new Date(openedAtMs).toISOString(),
};

export const OrderBook: OrderBookResolvers = {
  instrument: (book, _, context) => instrumentOf(book, context),
  at: ({ atNanos }) => formatNanos(atNanos),
};
