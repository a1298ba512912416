import type { DataSource } from "@mib/protocol/messages.generated";
import type { MarketSink } from "../market-sink.ts";
import { BinanceMarket, instrumentKey, type Shift } from "../venues/binance/market.ts";
import { parseBinanceMessage } from "../venues/binance/messages.ts";
import { CoinbaseMarket } from "../venues/coinbase/market.ts";
import { parseCoinbaseMessage } from "../venues/coinbase/messages.ts";
import { KrakenMarket } from "../venues/kraken/market.ts";
import { parseKrakenMessage } from "../venues/kraken/messages.ts";
import { ResyncNeeded, type VenueCounts, type VenueInstrument } from "../venues/venue.ts";
import type { CaptureHead } from "./capture-head.ts";
import { ShiftedSink } from "./shifted-sink.ts";

/** The market of a capture: its messages as records, with what a further round needs to know. */
export interface CapturedMarket {
  readonly counts: VenueCounts;
  readonly symbols: string[];
  readonly spanNanos: bigint;
  readonly oldestNanos: bigint;
  readonly spans: Pick<Shift, "tradeIds" | "updateIds">;
  /** Throws a VenueMessageError for a message that can't be read. */
  tell(text: string, receivedNanos: bigint): void;
  /** The same messages come again, with times and numbers shifted: books begin anew. */
  restart(shift: Shift): void;
  /** Nothing follows: what lies before the newest event is over. */
  finish(): void;
}

export interface CapturedMarketOptions {
  /** Null: Binance's messages, and nothing beside them. */
  head: CaptureHead | null;
  source: DataSource;
  /** Platform symbols that are wanted; null: all. */
  symbols: ReadonlySet<string> | null;
  /** When the first message came. */
  atNanos: bigint;
}

export function capturedMarket(sink: MarketSink, options: CapturedMarketOptions): CapturedMarket {
  const { head, symbols } = options;
  if (head === null || head.venue === "binance") return binanceCapture(sink, options);
  const wanted = head.instruments.filter(({ definition }) => symbols === null || symbols.has(definition.symbol));
  return new RecordedMarket(sink, head.venue, wanted, options.atNanos);
}

function binanceCapture(sink: MarketSink, { head, source, symbols }: CapturedMarketOptions): CapturedMarket {
  const market = new BinanceMarket(sink, {
    source,
    symbols,
    ...(head && {
      definitions: new Map(
        head.instruments.map(({ definition }) => {
          const name = definition.symbol.endsWith("-PERP") ? "usdm" : "spot";
          return [instrumentKey({ market: name, symbol: definition.venueSymbol }), definition];
        }),
      ),
    }),
  });
  return Object.assign(market, {
    tell: (text: string, receivedNanos: bigint) => market.handle(parseBinanceMessage(text), receivedNanos),
  });
}

/** Of the venues whose live market is told with shifted times and numbers. */
class RecordedMarket implements CapturedMarket {
  readonly #sink: ShiftedSink;
  readonly #venue: "coinbase" | "kraken";
  readonly #instruments: (VenueInstrument & { instrumentId: number })[];
  readonly #earlier: VenueCounts = { repeats: 0, holes: 0 };
  #market: CoinbaseMarket | KrakenMarket;

  constructor(
    sink: MarketSink,
    venue: "coinbase" | "kraken",
    instruments: readonly VenueInstrument[],
    atNanos: bigint,
  ) {
    this.#sink = new ShiftedSink(sink);
    this.#venue = venue;
    this.#instruments = instruments.map((instrument) => ({
      ...instrument,
      instrumentId: this.#sink.defineInstrument(instrument.definition),
    }));
    this.#market = this.#begun(atNanos);
  }

  get counts(): VenueCounts {
    const { repeats, holes } = this.#market.counts;
    return { repeats: this.#earlier.repeats + repeats, holes: this.#earlier.holes + holes };
  }

  get symbols(): string[] {
    return this.#sink.symbols;
  }

  get spanNanos(): bigint {
    return this.#sink.newestNanos - this.#sink.oldestNanos;
  }

  get oldestNanos(): bigint {
    return this.#sink.oldestNanos;
  }

  get spans(): Pick<Shift, "tradeIds" | "updateIds"> {
    return this.#sink.spans;
  }

  tell(text: string, receivedNanos: bigint): void {
    const market = this.#market;
    try {
      // What a live line would ask the venue for, the recording has in its later messages.
      if (market instanceof KrakenMarket) market.handle(parseKrakenMessage(text), receivedNanos, () => {});
      else market.handle(parseCoinbaseMessage(text), receivedNanos);
    } catch (error) {
      if (!(error instanceof ResyncNeeded)) throw error;
      market.disconnected(receivedNanos);
    }
  }

  restart(shift: Shift): void {
    Object.assign(this.#earlier, this.counts);
    this.#sink.shift = shift;
    this.#market = this.#begun(this.oldestNanos || 1n);
  }

  finish(): void {
    if (this.#sink.newestNanos > 0n) this.#sink.clock(this.#sink.newestNanos);
  }

  #begun(atNanos: bigint): CoinbaseMarket | KrakenMarket {
    if (this.#venue === "coinbase") {
      const products = this.#instruments.map(({ definition, instrumentId }) => [definition.venueSymbol, instrumentId]);
      return new CoinbaseMarket(this.#sink, new Map(products as [string, number][]), atNanos);
    }
    const pairs = this.#instruments.map(
      ({ definition, instrumentId, precision = { price: 9, size: 9 } }) =>
        [definition.venueSymbol, { instrumentId, precision }] as const,
    );
    return new KrakenMarket(this.#sink, new Map(pairs), atNanos);
  }
}
