import { parseE9 } from "@mib/protocol/decimal";
import type { InstrumentInput } from "@mib/protocol/feed-session";
import { DataSource, InstrumentClass } from "@mib/protocol/messages.generated";
import { z } from "zod";
import { VenueMessageError } from "../message-fields.ts";
import { venueSymbols } from "../platform-symbol.ts";
import type { OpenVenue, Say, Venue, VenueContext, VenueLine } from "../venue.ts";
import { nowNanos } from "../venue-connection.ts";
import { BOOK_DEPTH, KrakenMarket } from "./market.ts";
import { parseKrakenMessage } from "./messages.ts";

const assetPair = z.object({
  wsname: z.string().optional(),
  pair_decimals: z.number().int().min(0),
  lot_decimals: z.number().int().min(0),
  tick_size: z.string().optional(),
});
const assetPairs = z.object({ error: z.array(z.string()), result: z.record(z.string(), assetPair).optional() });

type AssetPair = z.infer<typeof assetPair>;

export interface KrakenOptions {
  websocketUrl: string;
  restUrl: string;
}

/** Of 1e-9: finer prices and sizes can't be told. */
const PLACES_MAX = 9;
const SYMBOLS_PER_MESSAGE = 50;

/** Kraken's spot market by its WebSocket v2, public channels only: trade, ticker and book. */
export class Kraken implements Venue {
  readonly name = "kraken";
  readonly symbolsByDefault = ["BTC/USD.KRAKEN", "ETH/USD.KRAKEN", "SOL/USD.KRAKEN"];
  readonly #options: KrakenOptions;

  constructor(options: KrakenOptions) {
    this.#options = options;
  }

  async open({ sink, rest, symbols, onUnknown }: VenueContext): Promise<OpenVenue> {
    const known = await this.#pairs(rest);
    const wanted = venueSymbols(this.name, symbols, (symbol) => known.has(symbol), onUnknown);
    const instruments = wanted.map((symbol) => {
      const pair = known.get(symbol)!;
      const precision = { price: pair.pair_decimals, size: pair.lot_decimals };
      return { definition: definitionOf(symbol, pair), precision };
    });
    const pairs = new Map(
      instruments.map(({ definition, precision }) => [
        definition.venueSymbol,
        { instrumentId: sink.defineInstrument(definition), precision },
      ]),
    );
    const market = new KrakenMarket(sink, pairs, nowNanos());
    const onBadBook = (say: Say) => (symbol: string) => {
      say(request("unsubscribe", { channel: "book", symbol: [symbol], depth: BOOK_DEPTH }));
      say(request("subscribe", { channel: "book", symbol: [symbol], depth: BOOK_DEPTH }));
    };
    const line: VenueLine = {
      name: this.name,
      url: this.#options.websocketUrl,
      greetings: subscriptions(wanted),
      sendsPerSecondMax: 5,
      // A heartbeat a second when there is nothing else.
      silenceMsMax: 10_000,
      proofOfLife: "MESSAGE",
      lifetimeMsMax: 24 * 3_600_000,
      message: (text, receivedNanos, say) => market.handle(parseKrakenMessage(text), receivedNanos, onBadBook(say)),
      disconnected: (atNanos) => market.disconnected(atNanos),
    };
    return { lines: [line], instruments, counts: () => market.counts };
  }

  async #pairs(rest: VenueContext["rest"]): Promise<Map<string, AssetPair>> {
    const answer = assetPairs.safeParse(await rest.json(`${this.#options.restUrl}/0/public/AssetPairs`));
    if (!answer.success) throw new VenueMessageError(`AssetPairs: ${z.prettifyError(answer.error)}`);
    const { error, result } = answer.data;
    if (!result) throw new VenueMessageError(`AssetPairs: ${error.join(", ")}`);
    const named = Object.values(result).filter((pair) => pair.wsname !== undefined);
    return new Map(
      named
        .filter((pair) => pair.pair_decimals <= PLACES_MAX && pair.lot_decimals <= PLACES_MAX)
        .map((pair) => [symbolOfVersion2(pair.wsname!), pair]),
    );
  }
}

function subscriptions(symbols: readonly string[]): string[] {
  const channels = [
    { channel: "trade", snapshot: true },
    { channel: "ticker", event_trigger: "bbo", snapshot: true },
    { channel: "book", depth: BOOK_DEPTH, snapshot: true },
  ];
  const parts = Array.from({ length: Math.ceil(symbols.length / SYMBOLS_PER_MESSAGE) }, (_, at) =>
    symbols.slice(at * SYMBOLS_PER_MESSAGE, (at + 1) * SYMBOLS_PER_MESSAGE),
  );
  return channels.flatMap((channel) => parts.map((symbol) => request("subscribe", { ...channel, symbol })));
}

function request(method: "subscribe" | "unsubscribe", params: object): string {
  return JSON.stringify({ method, params });
}

/** REST still speaks of XBT and XDG, version 2 of the WebSocket of BTC and DOGE. */
function symbolOfVersion2(name: string): string {
  return name
    .split("/")
    .map((asset) => (asset === "XBT" ? "BTC" : asset === "XDG" ? "DOGE" : asset))
    .join("/");
}

function definitionOf(symbol: string, pair: AssetPair): InstrumentInput {
  const unit = (decimals: number) => 10n ** BigInt(PLACES_MAX - decimals);
  return {
    symbol: `${symbol}.KRAKEN`,
    name: symbol.replace("/", " / "),
    venue: "KRAKEN",
    venueSymbol: symbol,
    class: InstrumentClass.CRYPTO,
    source: DataSource.LIVE,
    priceIncrementE9: pair.tick_size === undefined ? unit(pair.pair_decimals) : parseE9(pair.tick_size),
    sizeIncrementE9: unit(pair.lot_decimals),
    tradesConsecutive: true,
  };
}
