import { InvalidRecordError } from "@mib/events/event";
import { expect, test } from "vitest";
import { parseBar } from "./bar-event.ts";

const bar = {
  instrument: { symbol: "BTCUSDT" },
  interval: "M1",
  openedAt: "2024-08-08T12:00:00Z",
  open: "1.5",
  high: "2",
  low: "1",
  close: "1.75",
  volume: "10",
  vwap: null,
  tradeCount: 3,
  final: true,
  revision: 0,
};

test("a bar is read as numbers", () => {
  expect(parseBar(JSON.stringify(bar))).toEqual({
    symbol: "BTCUSDT",
    interval: "M1",
    openedAt: "2024-08-08T12:00:00Z",
    bar: { openedAtMs: Date.UTC(2024, 7, 8, 12), open: 1.5, high: 2, low: 1, close: 1.75, volume: 10, revision: 0 },
  });
});

test.each([
  ["no JSON", "{"],
  ["null", "null"],
  ["another object", "{}"],
  ["a price that is no number", JSON.stringify({ ...bar, close: "abc" })],
  ["a price of nothing", JSON.stringify({ ...bar, low: "0" })],
  ["a price below nothing", JSON.stringify({ ...bar, low: "-1", close: "-0.5" })],
  ["an unknown interval", JSON.stringify({ ...bar, interval: "M2" })],
  ["no instrument", JSON.stringify({ ...bar, instrument: null })],
])("%s is an invalid record, not a failure of the batch", (_, value) => {
  expect(() => parseBar(value)).toThrow(InvalidRecordError);
});
