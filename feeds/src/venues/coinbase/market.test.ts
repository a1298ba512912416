import type { MarketSink } from "../../market-sink.ts";
import { expect, test } from "vitest";
import { CoinbaseMarket } from "./market.ts";
import { parseCoinbaseMessage } from "./messages.ts";
import { HEARTBEAT, MATCH } from "./testing/coinbase-server.ts";

/** How many holes are counted when the venue tells these: a trade's id, or a heartbeat that names the newest. */
function holesOf(told: readonly (number | { newest: number })[]): number {
  const sink = new Proxy({} as MarketSink, { get: () => () => {} });
  const market = new CoinbaseMarket(sink, new Map([["BTC-USD", 1]]), 0n);
  for (const each of told) {
    const message =
      typeof each === "number" ? { ...MATCH, trade_id: each } : { ...HEARTBEAT, last_trade_id: each.newest };
    market.handle(parseCoinbaseMessage(JSON.stringify(message)), 0n);
  }
  return market.counts.holes;
}

test.each([
  ["every trade that a heartbeat names has come", [10, { newest: 11 }, 11, { newest: 11 }], 0],
  ["one that a heartbeat named has not come by the next", [10, { newest: 20 }, { newest: 20 }, { newest: 20 }], 1],
  ["one comes late, behind the newest that a heartbeat names", [10, 12, { newest: 12 }, 11, { newest: 12 }], 1],
] as const)("holes: %s", (_, told, holes) => {
  expect(holesOf(told)).toBe(holes);
});
