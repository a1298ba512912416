import { startVenueServer, type VenueServer } from "../../testing/venue-server.ts";

// From docs.cdp.coinbase.com/exchange/websocket-feed/channels.
export const HEARTBEAT = {
  type: "heartbeat",
  sequence: 90,
  last_trade_id: 20,
  product_id: "BTC-USD",
  time: "2014-11-07T08:19:28.464459Z",
};
export const MATCH = {
  type: "match",
  trade_id: 10,
  sequence: 50,
  maker_order_id: "ac928c66-ca53-498f-9c13-a110027a60e8",
  taker_order_id: "132fb6ae-456b-4654-b4e0-d681ac05cea1",
  time: "2014-11-07T08:19:27.028459Z",
  product_id: "BTC-USD",
  size: "5.23512",
  price: "400.23",
  side: "sell",
};
export const TICKER = {
  type: "ticker",
  sequence: 37475248783,
  product_id: "ETH-USD",
  price: "1285.22",
  open_24h: "1310.79",
  volume_24h: "245532.79269678",
  low_24h: "1280.52",
  high_24h: "1313.8",
  volume_30d: "9788783.60117027",
  best_bid: "1285.04",
  best_bid_size: "0.46688654",
  best_ask: "1285.27",
  best_ask_size: "1.56637040",
  side: "buy",
  time: "2022-10-19T23:28:22.061769Z",
  trade_id: 370843401,
  last_size: "11.4396987",
};
const SNAPSHOT = {
  type: "snapshot",
  product_id: "BTC-USD",
  bids: [["10101.10", "0.45054140"]],
  asks: [["10102.55", "0.57753524"]],
};
export const L2UPDATE = {
  type: "l2update",
  product_id: "BTC-USD",
  time: "2019-08-14T20:42:27.265Z",
  changes: [["buy", "10101.80000000", "0.162567"]],
};
export const L2UPDATE_OF_SEVERAL = {
  type: "l2update",
  product_id: "BTC-USD",
  changes: [
    ["buy", "22356.270000", "0.00000000"],
    ["buy", "22356.300000", "1.00000000"],
  ],
  time: "2022-08-04T15:25:05.010758Z",
};

/** In the form of docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/products/get-all-known-trading-pairs. */
const PRODUCTS = ["BTC-USD", "ETH-USD"].map((id) => ({
  id,
  base_currency: id.slice(0, 3),
  quote_currency: "USD",
  quote_increment: "0.01",
  base_increment: "0.00000001",
  display_name: id.replace("-", "/"),
  status: "online",
  trading_disabled: false,
}));

/** Coinbase Exchange on this machine: confirms subscriptions and begins with the last match and the book of BTC-USD. */
export function startCoinbaseServer({ port }: { port?: number } = {}): Promise<VenueServer> {
  return startVenueServer({
    ...(port === undefined ? {} : { port }),
    rest: (path) => (path === "/products" ? { body: PRODUCTS } : null),
    onMessage: (client, message) => {
      if (message.type !== "subscribe") return;
      const channels = message.channels.map((name: string) => ({ name, product_ids: message.product_ids }));
      client.send({ type: "subscriptions", channels }, { ...MATCH, type: "last_match" }, SNAPSHOT);
    },
  });
}
