import { startVenueServer, type VenueServer } from "../../testing/venue-server.ts";

// Messages in the form of developers.binance.com/docs/binance-spot-api-docs/web-socket-streams (spot) and
// …/docs/derivatives/usds-margined-futures/websocket-market-streams (futures, whose trades are as captures show them).
export const spotTrade = (t: number, p = "0.001", T = 1_672_515_782_136) => ({
  stream: "bnbbtc@trade",
  data: { e: "trade", E: T, s: "BNBBTC", t, p, q: "100", T, m: true, M: true },
});
export const SPOT_BOOK_TICKER = {
  stream: "bnbbtc@bookTicker",
  data: { u: 400900217, s: "BNBBTC", b: "25.35190000", B: "31.21000000", a: "25.36520000", A: "40.66000000" },
};
export const spotDepth = (
  U: number,
  u: number,
  b: string[][] = [["0.0024", "10"]],
  a: string[][] = [["0.0026", "100"]],
) => ({
  stream: "bnbbtc@depth@100ms",
  data: { e: "depthUpdate", E: 1672515782136, s: "BNBBTC", U, u, b, a },
});
export const futuresTrade = (t: number) => ({
  stream: "bnbusdt@trade",
  data: { e: "trade", E: 1672515782136, T: 1672515782130, s: "BNBUSDT", t, p: "300.1", q: "2", X: "MARKET", m: false },
});
export const futuresDepth = (pu: number, U: number, u: number) => ({
  stream: "bnbusdt@depth@100ms",
  data: { e: "depthUpdate", E: 1672515782136, T: 1672515782130, s: "BNBUSDT", U, u, pu, b: [["300.0", "1"]], a: [] },
});

/** …/docs/binance-spot-api-docs/rest-api/market-data-endpoints: exchangeInfo, of which what is not read is left out. */
const listed = (symbol: string, quoteAsset: string, contractType?: string) => ({
  symbol,
  status: "TRADING",
  baseAsset: "BNB",
  quoteAsset,
  ...(contractType === undefined ? {} : { contractType }),
  filters: [
    { filterType: "PRICE_FILTER", minPrice: "0.00000100", maxPrice: "100000.00000000", tickSize: "0.00000100" },
    { filterType: "LOT_SIZE", minQty: "0.00100000", maxQty: "100000.00000000", stepSize: "0.00100000" },
  ],
});
const INVALID_SYMBOL = { status: 400, body: { code: -1121, msg: "Invalid symbol." } };

export interface BinanceServer extends VenueServer {
  /** Update id of the next snapshots; levels are those of the documents' example. */
  snapshotAt: { spot: number; usdm: number };
  /** How often a snapshot is refused before one is given. */
  refuse: number;
  /** Given instead of the documents' example. */
  snapshot: object | null;
}

/** Binance on this machine, spot and futures behind one port; it says nothing by itself. `more`: further instruments. */
export async function startBinanceServer(more: { spot?: string; usdm?: string } = {}): Promise<BinanceServer> {
  const state = { snapshotAt: { spot: 1_027_024, usdm: 1_027_024 }, refuse: 0, snapshot: null as object | null };
  const server = await startVenueServer({
    onMessage: (client, { id }) => client.send({ result: null, id }),
    rest: (path, query) => {
      const symbols: string[] = JSON.parse(query.get("symbols") ?? "[]");
      const body = (symbolsOfMarket: unknown[]) => ({ body: { timezone: "UTC", symbols: symbolsOfMarket } });
      const depth = { bids: [["4.00000000", "431.00000000"]], asks: [["4.00000200", "12.00000000"]] };
      switch (path) {
        case "/api/v3/exchangeInfo":
          if (symbols.some((symbol) => symbol !== "BNBBTC" && symbol !== more.spot)) return INVALID_SYMBOL;
          return body(symbols.map((symbol) => listed(symbol, symbol.slice(3))));
        case "/fapi/v1/exchangeInfo":
          return body([
            listed("BNBUSDT", "USDT", "PERPETUAL"),
            listed("BNBUSDT_260626", "USDT", "CURRENT_QUARTER"),
            ...(more.usdm === undefined ? [] : [listed(more.usdm, "USDT", "PERPETUAL")]),
          ]);
        case "/api/v3/depth":
          if (state.snapshot) return { body: state.snapshot };
          if (state.refuse-- > 0) return { status: 429, body: { code: -1003 }, headers: { "retry-after": "0" } };
          return { body: { lastUpdateId: state.snapshotAt.spot, ...depth } };
        case "/fapi/v1/depth":
          if (state.snapshot) return { body: state.snapshot };
          return { body: { lastUpdateId: state.snapshotAt.usdm, E: 1672515782136, T: 1672515782130, ...depth } };
        default:
          return null;
      }
    },
  });
  return Object.assign(state, server);
}
