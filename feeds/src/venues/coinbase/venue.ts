import { parseE9 } from "@mib/protocol/decimal";
import type { InstrumentInput } from "@mib/protocol/feed-session";
import { DataSource, InstrumentClass } from "@mib/protocol/messages.generated";
import { z } from "zod";
import { VenueMessageError } from "../message-fields.ts";
import { venueSymbols } from "../platform-symbol.ts";
import type { OpenVenue, Venue, VenueContext, VenueLine } from "../venue.ts";
import { nowNanos } from "../venue-connection.ts";
import { CoinbaseMarket } from "./market.ts";
import { parseCoinbaseMessage } from "./messages.ts";

const products = z.array(
  z.object({
    id: z.string(),
    base_currency: z.string(),
    quote_currency: z.string(),
    base_increment: z.string(),
    quote_increment: z.string(),
  }),
);

type Product = z.infer<typeof products>[number];

export interface CoinbaseOptions {
  websocketUrl: string;
  restUrl: string;
}

/** Coinbase Exchange, public channels only: matches, ticker, level2_batch and heartbeat. */
export class Coinbase implements Venue {
  readonly name = "coinbase";
  readonly symbolsByDefault = ["BTC-USD.COINBASE", "ETH-USD.COINBASE", "SOL-USD.COINBASE"];
  readonly #options: CoinbaseOptions;

  constructor(options: CoinbaseOptions) {
    this.#options = options;
  }

  async open({ sink, rest, symbols, onUnknown }: VenueContext): Promise<OpenVenue> {
    const answer = products.safeParse(await rest.json(`${this.#options.restUrl}/products`));
    if (!answer.success) throw new VenueMessageError(`products: ${z.prettifyError(answer.error)}`);
    const known = new Map(answer.data.map((product) => [product.id, product]));
    const wanted = venueSymbols(this.name, symbols, (symbol) => known.has(symbol), onUnknown);
    const definitions = wanted.map((symbol) => definitionOf(known.get(symbol)!));
    const market = new CoinbaseMarket(
      sink,
      new Map(definitions.map((definition) => [definition.venueSymbol, sink.defineInstrument(definition)])),
      nowNanos(),
    );
    const line: VenueLine = {
      name: this.name,
      url: this.#options.websocketUrl,
      greetings: [
        JSON.stringify({
          type: "subscribe",
          product_ids: wanted,
          channels: ["heartbeat", "matches", "ticker", "level2_batch"],
        }),
      ],
      // 100 a second are allowed, and a subscription within 5 s of the connection is expected.
      sendsPerSecondMax: 10,
      // A heartbeat a second for each product.
      silenceMsMax: 10_000,
      proofOfLife: "MESSAGE",
      lifetimeMsMax: 24 * 3_600_000,
      message: (text, receivedNanos) => market.handle(parseCoinbaseMessage(text), receivedNanos),
      disconnected: (atNanos) => market.disconnected(atNanos),
    };
    return {
      lines: [line],
      instruments: definitions.map((definition) => ({ definition })),
      counts: () => market.counts,
    };
  }
}

function definitionOf(product: Product): InstrumentInput {
  return {
    symbol: `${product.id}.COINBASE`,
    name: `${product.base_currency} / ${product.quote_currency}`,
    venue: "COINBASE",
    venueSymbol: product.id,
    class: InstrumentClass.CRYPTO,
    source: DataSource.LIVE,
    priceIncrementE9: parseE9(product.quote_increment),
    sizeIncrementE9: parseE9(product.base_increment),
    tradesConsecutive: true,
  };
}
