import { formatE9 } from "@mib/protocol/decimal";
import { expect, test } from "vitest";
import { binanceInstruments } from "./instruments.ts";

const listed = (symbol: string, tickSize: string) => ({
  symbol,
  baseAsset: symbol.slice(0, -4),
  quoteAsset: "USDT",
  contractType: "PERPETUAL",
  filters: [
    { filterType: "PRICE_FILTER", tickSize },
    { filterType: "LOT_SIZE", stepSize: "1" },
  ],
});

test("an instrument that nobody asked for, with finer steps than can be told, keeps no other away", () => {
  const answer = { symbols: [listed("TINYUSDT", "0.0000000001"), listed("BTCUSDT", "0.10")] };
  const found = binanceInstruments("usdm", answer, ["BTCUSDT", "NOPE"]);
  expect([...found].map(([symbol, { priceIncrementE9 }]) => [symbol, formatE9(priceIncrementE9!)])).toEqual([
    ["BTCUSDT", "0.1"],
  ]);
});
