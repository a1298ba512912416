import { startVenueServer, type VenueServer } from "../../testing/venue-server.ts";

/** From docs.kraken.com/api/docs/guides/spot-ws-book-v2, with the checksum that the document works out. */
export const BTC_SNAPSHOT = `{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD",
"bids":[{"price":45283.5,"qty":0.10000000},{"price":45283.4,"qty":1.54582015},{"price":45282.1,"qty":0.10000000},
{"price":45281.0,"qty":0.10000000},{"price":45280.3,"qty":1.54592586},{"price":45279.0,"qty":0.07990000},
{"price":45277.6,"qty":0.03310103},{"price":45277.5,"qty":0.30000000},{"price":45277.3,"qty":1.54602737},
{"price":45276.6,"qty":0.15445238}],
"asks":[{"price":45285.2,"qty":0.00100000},{"price":45286.4,"qty":1.54571953},{"price":45286.6,"qty":1.54571109},
{"price":45289.6,"qty":1.54560911},{"price":45290.2,"qty":0.15890660},{"price":45291.8,"qty":1.54553491},
{"price":45294.7,"qty":0.04454749},{"price":45296.1,"qty":0.35380000},{"price":45297.5,"qty":0.09945542},
{"price":45299.5,"qty":0.18772827}],"checksum":3310070434}]}`;

/** From docs.kraken.com/api/docs/websocket-v2/book: a snapshot and the update after it, each with its checksum. */
export const MATIC_SNAPSHOT = `{"channel":"book","type":"snapshot","data":[{"symbol":"MATIC/USD",
"bids":[{"price":0.5666,"qty":4831.75496356},{"price":0.5665,"qty":6658.22734739},{"price":0.5664,"qty":18724.91513344},
{"price":0.5663,"qty":11563.92544914},{"price":0.5662,"qty":14006.65365711},{"price":0.5661,"qty":17454.85679807},
{"price":0.566,"qty":18097.1547},{"price":0.5659,"qty":33644.89175666},{"price":0.5658,"qty":148.3464},
{"price":0.5657,"qty":606.70854372}],
"asks":[{"price":0.5668,"qty":4410.79769741},{"price":0.5669,"qty":4655.40412487},{"price":0.567,"qty":49844.89424998},
{"price":0.5671,"qty":24306.41678},{"price":0.5672,"qty":29783.25223475},{"price":0.5673,"qty":57234.71239278},
{"price":0.5674,"qty":45065.04744},{"price":0.5675,"qty":5912.76380354},{"price":0.5676,"qty":42514.92434778},
{"price":0.5677,"qty":36304.0847022}],"checksum":2439117997}]}`;

export const MATIC_UPDATE = `{"channel":"book","type":"update","data":[{"symbol":"MATIC/USD",
"bids":[{"price":0.5657,"qty":1098.3947558}],"asks":[],"checksum":2114181697,"timestamp":"2023-10-06T17:35:55.440295Z"}]}`;

/** From docs.kraken.com/api/docs/websocket-v2/trade. */
export const TRADE_UPDATE = `{"channel":"trade","type":"update","data":[{"symbol":"MATIC/USD","side":"sell","price":0.5117,
"qty":40.0,"ord_type":"market","trade_id":4665906,"timestamp":"2023-09-25T07:49:37.708706Z"}]}`;
const TRADE_SNAPSHOT = `{"channel":"trade","type":"snapshot","data":[{"symbol":"MATIC/USD","side":"buy","price":0.5147,
"qty":6423.46326,"ord_type":"limit","trade_id":4665846,"timestamp":"2023-09-25T07:48:36.925533Z"},{"symbol":"MATIC/USD",
"side":"buy","price":0.5147,"qty":1136.19677815,"ord_type":"limit","trade_id":4665847,"timestamp":"2023-09-25T07:49:36.925603Z"}]}`;

/** From docs.kraken.com/api/docs/websocket-v2/ticker, its symbol changed to that of the other examples. */
export const TICKER = `{"channel":"ticker","type":"snapshot","data":[{"symbol":"MATIC/USD","bid":0.10025,"bid_qty":740.0,
"ask":0.10036,"ask_qty":1361.44813783,"last":0.10035,"volume":997038.98383185,"vwap":0.10148,"low":0.09979,"high":0.10285,
"change":-0.00017,"change_pct":-0.17}]}`;

/** From docs.kraken.com/api/docs/websocket-v2/heartbeat. */
export const HEARTBEAT = `{"channel":"heartbeat"}`;

/** Pairs in the form of docs.kraken.com/api/docs/rest-api/get-tradable-asset-pairs, of which what is not read is left out. */
const ASSET_PAIRS = {
  error: [],
  result: {
    XXBTZUSD: { altname: "XBTUSD", wsname: "XBT/USD", pair_decimals: 1, lot_decimals: 8, tick_size: "0.1" },
    MATICUSD: { altname: "MATICUSD", wsname: "MATIC/USD", pair_decimals: 4, lot_decimals: 8, tick_size: "0.0001" },
  },
};

/** Kraken on this machine: acknowledges subscriptions and begins each with a snapshot. */
export function startKrakenServer({ port }: { port?: number } = {}): Promise<VenueServer> {
  const books: Record<string, string> = { "BTC/USD": BTC_SNAPSHOT, "MATIC/USD": MATIC_SNAPSHOT };
  return startVenueServer({
    ...(port === undefined ? {} : { port }),
    rest: (path) => (path === "/0/public/AssetPairs" ? { body: ASSET_PAIRS } : null),
    onMessage: (client, { method, params }) => {
      for (const symbol of params?.symbol ?? []) {
        if (method === "subscribe")
          client.send({ method, result: { channel: params.channel, symbol }, success: symbol in books });
        if (method === "subscribe" && params.channel === "book") client.send(books[symbol]!);
        if (method === "subscribe" && params.channel === "trade" && symbol === "MATIC/USD") client.send(TRADE_SNAPSHOT);
      }
    },
  });
}
