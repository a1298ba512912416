import { subscribe } from "./live-client.ts";
import { createStore, type Store } from "./store.ts";
import type { Quote } from "./types.ts";

/** A quote with when it came in, by the browser's clock: that tells whether a stream has gone quiet. */
export interface LiveQuote extends Quote {
  receivedAtMs: number;
}

const QUOTES = `subscription ($symbols: [ID!]!) {
  quotes(symbols: $symbols) { instrument { symbol } bidPrice bidSize askPrice askSize at stale }
}`;

const stores = new Map<string, Store<LiveQuote | null>>();

/** The newest quote of a symbol; null until there is one. */
export function quoteOf(symbol: string): Store<LiveQuote | null> {
  let store = stores.get(symbol);
  if (!store) stores.set(symbol, (store = createStore<LiveQuote | null>(null)));
  return store;
}

/** Follows the quotes of these symbols. Changes reach the screen at most once a frame, however many come in. */
export function followQuotes(symbols: readonly string[]): () => void {
  if (symbols.length === 0) return () => {};
  const waiting = new Map<string, LiveQuote>();
  let frame = 0;
  const flush = () => {
    frame = 0;
    for (const [symbol, quote] of waiting) quoteOf(symbol).set(quote);
    waiting.clear();
  };
  const stop = subscribe<{ quotes: Quote }>(QUOTES, { symbols }, ({ quotes: quote }) => {
    waiting.set(quote.instrument.symbol, { ...quote, receivedAtMs: Date.now() });
    frame ||= requestAnimationFrame(flush);
  });
  return () => {
    cancelAnimationFrame(frame);
    stop();
  };
}
