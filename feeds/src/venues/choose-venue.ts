import type { FeedConfig } from "../config.ts";
import { Binance } from "./binance/venue.ts";
import { Coinbase } from "./coinbase/venue.ts";
import { Kraken } from "./kraken/venue.ts";
import type { Venue } from "./venue.ts";

type VenueConfig = Pick<
  FeedConfig,
  "FEED_WEBSOCKET_URL" | "FEED_REST_URL" | "FEED_FUTURES_WEBSOCKET_URL" | "FEED_FUTURES_REST_URL"
>;

/** The exchange of that name, at its public addresses unless the configuration has others. */
export function chooseVenue(name: "binance" | "coinbase" | "kraken", config: VenueConfig): Venue {
  const { FEED_WEBSOCKET_URL, FEED_REST_URL, FEED_FUTURES_WEBSOCKET_URL, FEED_FUTURES_REST_URL } = config;
  const at = (websocketUrl: string, restUrl: string) => ({
    websocketUrl: FEED_WEBSOCKET_URL ?? websocketUrl,
    restUrl: (FEED_REST_URL ?? restUrl).replace(/\/$/, ""),
  });
  switch (name) {
    case "binance":
      return new Binance({
        spot: at("wss://stream.binance.com:9443/stream", "https://api.binance.com"),
        usdm: {
          websocketUrl: FEED_FUTURES_WEBSOCKET_URL ?? "wss://fstream.binance.com/stream",
          restUrl: (FEED_FUTURES_REST_URL ?? "https://fapi.binance.com").replace(/\/$/, ""),
        },
      });
    case "coinbase":
      return new Coinbase(at("wss://ws-feed.exchange.coinbase.com", "https://api.exchange.coinbase.com"));
    case "kraken":
      return new Kraken(at("wss://ws.kraken.com/v2", "https://api.kraken.com"));
  }
}
