import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VenueMessageError } from "../message-fields.ts";
import { parseBinanceMessage } from "./messages.ts";

const trade = {
  e: "trade",
  E: 1723161255343,
  s: "BTCUSDT",
  t: 3735683259,
  p: "61837.63000000",
  q: "0.02000000",
  T: 1723161255342,
  m: true,
  M: true,
};
const depth = { e: "depthUpdate", E: 5, s: "BTCUSDT", U: 7, u: 9, b: [["1.5", "0"]], a: [] };

describe("the market shows in the fields", () => {
  test.each([
    [
      "a spot trade",
      trade,
      { kind: "trade", market: "spot", tradeId: 3735683259, atMs: 1723161255342, buyerIsMaker: true },
    ],
    ["a futures trade", { ...trade, X: "MARKET" }, { kind: "trade", market: "usdm" }],
    [
      "a spot book ticker",
      { u: 4, s: "ETHUSDT", b: "2.1", B: "3", a: "2.2", A: "4" },
      { kind: "bookTicker", market: "spot", atMs: null, bid: ["2.1", "3"] },
    ],
    [
      "a futures book ticker",
      { e: "bookTicker", u: 4, s: "ETHUSDT", b: "2.1", B: "3", a: "2.2", A: "4", T: 6, E: 7 },
      { kind: "bookTicker", market: "usdm", atMs: 6 },
    ],
    ["a spot depth update", depth, { kind: "depth", market: "spot", previousUpdateId: null, atMs: 5 }],
    [
      "a futures depth update",
      { ...depth, pu: 6, T: 4 },
      { kind: "depth", market: "usdm", previousUpdateId: 6, atMs: 4 },
    ],
    [
      "a spot snapshot",
      { lastUpdateId: 3, bids: [["1", "2"]], asks: [] },
      { kind: "depthSnapshot", market: "spot", lastUpdateId: 3 },
    ],
    [
      "a futures snapshot",
      { lastUpdateId: 3, E: 2, T: 1, bids: [], asks: [] },
      { kind: "depthSnapshot", market: "usdm", atMs: 1 },
    ],
    ["an answer to a subscription", { result: null, id: 1 }, { kind: "other" }],
    ["a stream that is not read", { e: "kline", s: "BTCUSDT" }, { kind: "other" }],
  ])("%s", (_, data, expected) => {
    expect(parseBinanceMessage(JSON.stringify(data))).toMatchObject(expected);
    expect(parseBinanceMessage(JSON.stringify({ stream: "x@y", data }))).toMatchObject(expected);
  });
});

test.each([
  ["not JSON", "{"],
  ["no object", "null"],
  ["a price that is a number", JSON.stringify({ ...trade, p: 61837.63 })],
  ["a price that is no decimal", JSON.stringify({ ...trade, p: "1e5" })],
  ["a negative price", JSON.stringify({ ...trade, p: "-1" })],
  ["an id that is a fraction", JSON.stringify({ ...trade, t: 1.5 })],
  ["an id beyond what a number holds", `{"e":"trade","s":"A","t":9007199254740993,"p":"1","q":"1","T":1,"m":true}`],
  ["a time in microseconds", JSON.stringify({ ...trade, T: 1_723_161_600_000_000 })],
  ["a missing symbol", JSON.stringify({ ...trade, s: undefined })],
  ["levels that are none", JSON.stringify({ ...depth, b: [["1"]] })],
])("%s is refused", (_, text) => {
  expect(() => parseBinanceMessage(text)).toThrow(VenueMessageError);
});

test("no text makes the parser fail in another way", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.object().map((fields) => JSON.stringify({ ...trade, ...fields })),
      ),
      (text) => {
        try {
          parseBinanceMessage(text);
        } catch (error) {
          expect(error).toBeInstanceOf(VenueMessageError);
        }
      },
    ),
  );
});
