import type { InstrumentInput } from "@mib/protocol/feed-session";
import type { MarketSink } from "../market-sink.ts";
import type { Shift } from "../venues/binance/market.ts";

interface TradeIds {
  first: bigint;
  last: bigint;
}

/** Passes records on with later times and numbers, and knows which times and trade ids came, without the shift. */
export class ShiftedSink implements MarketSink {
  readonly #sink: MarketSink;
  /** By the session's number. */
  readonly #symbols: string[] = [];
  readonly #tradeIds = new Map<number, TradeIds>();
  #shift: Shift | null = null;
  oldestNanos = 0n;
  newestNanos = 0n;

  constructor(sink: MarketSink) {
    this.#sink = sink;
  }

  /** By platform symbol. */
  set shift(shift: Shift) {
    this.#shift = shift;
  }

  /** How many trade ids each instrument used; venues that come this way do not number their updates. */
  get spans(): Pick<Shift, "tradeIds" | "updateIds"> {
    return {
      tradeIds: new Map(
        [...this.#tradeIds].map(([id, { first, last }]) => [this.#symbols[id]!, Number(last - first) + 1]),
      ),
      updateIds: new Map(),
    };
  }

  get symbols(): string[] {
    return this.#symbols.filter(Boolean);
  }

  defineInstrument(instrument: InstrumentInput): number {
    const id = this.#sink.defineInstrument(instrument);
    this.#symbols[id] = instrument.symbol;
    return id;
  }

  trade: MarketSink["trade"] = (trade) => {
    const ids = this.#tradeIds.get(trade.instrumentId);
    if (ids) ids.last = trade.tradeId;
    else this.#tradeIds.set(trade.instrumentId, { first: trade.tradeId, last: trade.tradeId });
    const added = this.#shift?.tradeIds.get(this.#symbols[trade.instrumentId]!) ?? 0;
    this.#sink.trade({ ...this.#seen(trade), tradeId: trade.tradeId + BigInt(added) });
  };

  quote: MarketSink["quote"] = (quote) => this.#sink.quote({ ...this.#seen(quote), venueSequence: 0n });
  bookSnapshot: MarketSink["bookSnapshot"] = (snapshot) =>
    // A book that is said to be empty is no event of the venue's.
    this.#sink.bookSnapshot(snapshot.levels.length > 0 ? this.#seen(snapshot) : this.#later(snapshot));
  bookDelta: MarketSink["bookDelta"] = (delta) => this.#sink.bookDelta(this.#seen(delta));
  gap: MarketSink["gap"] = (gap) => this.#sink.gap(this.#later(gap));
  bar: MarketSink["bar"] = (bar) => this.#sink.bar({ ...bar, openedAtNanos: bar.openedAtNanos + this.#nanos });
  clock: MarketSink["clock"] = (atNanos, instrumentId) => this.#sink.clock(atNanos + this.#nanos, instrumentId);

  get #nanos(): bigint {
    return this.#shift?.nanos ?? 0n;
  }

  #seen<Event extends { tsEventNanos: bigint; tsRecvNanos?: bigint }>(event: Event): Event {
    if (event.tsEventNanos > this.newestNanos) this.newestNanos = event.tsEventNanos;
    if (this.oldestNanos === 0n || event.tsEventNanos < this.oldestNanos) this.oldestNanos = event.tsEventNanos;
    return this.#later(event);
  }

  #later<Event extends { tsEventNanos: bigint; tsRecvNanos?: bigint }>(event: Event): Event {
    if (this.#nanos === 0n) return event;
    return {
      ...event,
      tsEventNanos: event.tsEventNanos + this.#nanos,
      ...(event.tsRecvNanos === undefined ? {} : { tsRecvNanos: event.tsRecvNanos + this.#nanos }),
    };
  }
}
