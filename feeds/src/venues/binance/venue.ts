import type { InstrumentInput } from "@mib/protocol/feed-session";
import { DataSource } from "@mib/protocol/messages.generated";
import { CodedError } from "@mib/service/coded-error";
import type { MarketSink } from "../../market-sink.ts";
import { VenueMessageError } from "../message-fields.ts";
import type { OpenVenue, Venue, VenueContext, VenueLine } from "../venue.ts";
import { nowNanos } from "../venue-connection.ts";
import { VenueRestError } from "../venue-rest.ts";
import { binanceInstruments } from "./instruments.ts";
import { BinanceMarket, instrumentKey } from "./market.ts";
import { parseBinanceMessage, type BinanceMarketName } from "./messages.ts";
import { SnapshotRequests } from "./snapshot-requests.ts";

interface MarketUrls {
  websocketUrl: string;
  restUrl: string;
}

export interface BinanceOptions {
  spot: MarketUrls;
  usdm: MarketUrls;
}

const PERPETUAL = "-PERP";
const STREAMS_PER_MESSAGE = 100;
/** Levels of a snapshot: 1 000 are the most that futures have, and cost 50 (spot) or 20 of some thousands a minute. */
const SNAPSHOT_LEVELS = 1_000;
const PATHS = { spot: "/api/v3", usdm: "/fapi/v1" };
const DEPTH_STREAMS = { spot: "depth@100ms", usdm: "depth@100ms" };

/** Binance, spot and USDⓈ-M perpetuals: a connection for each, with trades, book tickers and depth updates. */
export class Binance implements Venue {
  readonly name = "binance";
  readonly symbolsByDefault = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "BTCUSDT-PERP", "ETHUSDT-PERP"];
  readonly #options: BinanceOptions;

  constructor(options: BinanceOptions) {
    this.#options = options;
  }

  async open(context: VenueContext): Promise<OpenVenue> {
    const asked = [...new Set(context.symbols)];
    const wanted: Record<BinanceMarketName, string[]> = {
      spot: asked.filter((symbol) => !symbol.endsWith(PERPETUAL)),
      usdm: asked.filter((symbol) => symbol.endsWith(PERPETUAL)).map((symbol) => symbol.slice(0, -PERPETUAL.length)),
    };
    const spot = await this.#definitions("spot", wanted.spot, context);
    const usdm = await this.#definitions("usdm", wanted.usdm, context);
    const symbols = [...spot, ...usdm].map(({ symbol }) => symbol);
    const unknown = asked.filter((symbol) => !symbols.includes(symbol));
    if (symbols.length === 0)
      throw new CodedError("INSTRUMENT_NOT_FOUND", `binance has no ${unknown.join(", ")}`, { symbols: unknown });
    if (unknown.length > 0) context.onUnknown(unknown);
    const markets = [
      ...(spot.length > 0 ? [this.#market("spot", spot, context)] : []),
      ...(usdm.length > 0 ? [this.#market("usdm", usdm, context)] : []),
    ];
    return {
      lines: markets.map(({ line }) => line),
      instruments: [...spot, ...usdm].map((definition) => ({ definition })),
      counts: () => ({
        repeats: markets.reduce((sum, { market }) => sum + market.counts.repeats, 0),
        holes: markets.reduce((sum, { market }) => sum + market.counts.holes, 0),
      }),
    };
  }

  /** Spot can be asked for some symbols; an unknown one among them fails the question, and then each is asked for alone. */
  async #definitions(
    name: BinanceMarketName,
    wanted: readonly string[],
    { rest }: VenueContext,
  ): Promise<InstrumentInput[]> {
    if (wanted.length === 0) return [];
    const url = `${this.#options[name].restUrl}${PATHS[name]}/exchangeInfo`;
    const of = async (question: string) => binanceInstruments(name, await rest.json(`${url}${question}`), wanted);
    const one = (symbols: readonly string[]) => of(`?symbols=${encodeURIComponent(JSON.stringify(symbols))}`);
    const known = new Map<string, InstrumentInput>();
    if (name === "usdm") for (const [symbol, definition] of await of("")) known.set(symbol, definition);
    else {
      const add = (found: Map<string, InstrumentInput>) => found.forEach((value, key) => known.set(key, value));
      try {
        add(await one(wanted));
      } catch (error) {
        if (!isUnknownSymbol(error)) throw error;
        for (const symbol of wanted)
          add(
            await one([symbol]).catch((failure: unknown) => {
              if (!isUnknownSymbol(failure)) throw failure;
              return new Map<string, InstrumentInput>();
            }),
          );
      }
    }
    return wanted.flatMap((symbol) => known.get(symbol) ?? []);
  }

  #market(
    name: BinanceMarketName,
    definitions: readonly InstrumentInput[],
    context: VenueContext,
  ): { market: BinanceMarket; line: VenueLine } {
    const { websocketUrl, restUrl } = this.#options[name];
    const byKey = new Map(
      definitions.map((definition) => [instrumentKey({ market: name, symbol: definition.venueSymbol }), definition]),
    );
    const market = new BinanceMarket(withOwnClocks(context.sink), {
      source: DataSource.LIVE,
      symbols: null,
      definitions: byKey,
    });
    market.define(nowNanos());
    const snapshots = new SnapshotRequests({
      rest: context.rest,
      url: (symbol) => `${restUrl}${PATHS[name]}/depth?symbol=${symbol}&limit=${SNAPSHOT_LEVELS}`,
      log: context.log,
      signal: context.signal,
      onText: (symbol, text) => {
        const receivedNanos = nowNanos();
        // As a stream's message, so that a recording says whose snapshot it is.
        const message = `{"stream":"${symbol.toLowerCase()}@depthSnapshot","data":${text}}`;
        context.onRaw?.(message, receivedNanos);
        const snapshot = parseBinanceMessage(message);
        if (snapshot.kind !== "depthSnapshot") throw new VenueMessageError("the answer is no snapshot");
        market.handle({ ...snapshot, market: name }, receivedNanos);
      },
    });
    const streams = definitions.flatMap(({ venueSymbol }) =>
      ["trade", "bookTicker", DEPTH_STREAMS[name]].map((stream) => `${venueSymbol.toLowerCase()}@${stream}`),
    );
    const line: VenueLine = {
      name: `binance ${name}`,
      url: websocketUrl,
      greetings: subscriptions(streams),
      // Spot allows 5 a second, pongs included.
      sendsPerSecondMax: 2,
      // The venue pings: spot every 20 s, futures every 3 minutes; ours are answered at once.
      silenceMsMax: 30_000,
      proofOfLife: "PONG",
      // The venue ends a connection after 24 hours.
      lifetimeMsMax: 23 * 3_600_000,
      message: (text, receivedNanos) => {
        const message = parseBinanceMessage(text);
        market.handle(message, receivedNanos);
        if (message.kind === "depth" && market.needsSnapshot(message)) snapshots.want(message.symbol);
        else if (message.kind === "other" && text.includes('"error"'))
          throw new VenueMessageError("the venue refuses a request");
      },
      disconnected: (atNanos) => market.disconnected(atNanos),
    };
    return { market, line };
  }
}

function subscriptions(streams: readonly string[]): string[] {
  const parts = Math.ceil(streams.length / STREAMS_PER_MESSAGE);
  return Array.from({ length: parts }, (_, at) =>
    JSON.stringify({
      method: "SUBSCRIBE",
      params: streams.slice(at * STREAMS_PER_MESSAGE, (at + 1) * STREAMS_PER_MESSAGE),
      id: at + 1,
    }),
  );
}

/** Two markets share a session: what one of them knows of the time says nothing of the other's instruments. */
function withOwnClocks(sink: MarketSink): MarketSink {
  const own: number[] = [];
  return {
    ...forwarded(sink),
    defineInstrument: (instrument) => {
      const instrumentId = sink.defineInstrument(instrument);
      own.push(instrumentId);
      return instrumentId;
    },
    clock: (atNanos, instrumentId) => {
      for (const each of instrumentId === undefined ? own : [instrumentId]) sink.clock(atNanos, each);
    },
  };
}

function forwarded(sink: MarketSink): MarketSink {
  return {
    defineInstrument: (instrument) => sink.defineInstrument(instrument),
    trade: (trade) => sink.trade(trade),
    quote: (quote) => sink.quote(quote),
    bookSnapshot: (snapshot) => sink.bookSnapshot(snapshot),
    bookDelta: (delta) => sink.bookDelta(delta),
    bar: (bar) => sink.bar(bar),
    clock: (atNanos, instrumentId) => sink.clock(atNanos, instrumentId),
    gap: (gap) => sink.gap(gap),
  };
}

/** Code -1121 of Binance's error catalogue: "Invalid symbol." */
function isUnknownSymbol(error: unknown): boolean {
  return error instanceof VenueRestError && error.status === 400 && error.body.includes("-1121");
}
