import { FLAG_SAMPLED } from "@mib/protocol/messages.generated";
import type { FeedMetrics } from "./feed-metrics.ts";
import type { MarketSink } from "./market-sink.ts";

/** Passes everything on, counts it, and marks one of `traceEvery` trades: its way through the platform is traced then. */
export function countedSink(sink: MarketSink, metrics: FeedMetrics, traceEvery: number): MarketSink {
  // Counters with labels are looked up once: there are many records.
  const count = (record: string) => metrics.records.labels(record);
  const [instruments, trades, quotes, snapshots, deltas, bars, clocks, gaps] = [
    "instrument",
    "trade",
    "quote",
    "book_snapshot",
    "book_delta",
    "bar",
    "clock",
    "gap",
  ].map(count) as [ReturnType<typeof count>, ...ReturnType<typeof count>[]];
  let untraced = 0;
  return {
    defineInstrument: (instrument) => {
      instruments.inc();
      return sink.defineInstrument(instrument);
    },
    trade: (trade) => {
      trades!.inc();
      untraced += 1;
      if (untraced !== traceEvery) return sink.trade(trade);
      untraced = 0;
      sink.trade({ ...trade, flags: (trade.flags ?? 0) | FLAG_SAMPLED });
    },
    quote: (quote) => {
      quotes!.inc();
      sink.quote(quote);
    },
    bookSnapshot: (snapshot) => {
      snapshots!.inc();
      sink.bookSnapshot(snapshot);
    },
    bookDelta: (delta) => {
      deltas!.inc(delta.levels.length);
      sink.bookDelta(delta);
    },
    bar: (bar) => {
      bars!.inc();
      sink.bar(bar);
    },
    clock: (tsEventNanos, instrumentId) => {
      clocks!.inc();
      sink.clock(tsEventNanos, instrumentId);
    },
    gap: (gap) => {
      gaps!.inc();
      sink.gap(gap);
    },
  };
}
