import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { TOPICS } from "./topics.ts";
import { validateValue } from "./validate.ts";

const trade = {
  instrument: { symbol: "BTCUSDT" },
  id: "1",
  price: "64250.12",
  size: "0.001",
  side: "BUY",
  at: "2024-08-08T12:00:00.000000001Z",
};
const check = (value: object) => validateValue("market.trades.v1", JSON.stringify(value));

test("every topic has a schema, and every schema a topic", () => {
  expect(readdirSync("packages/events/schemas").sort()).toEqual(TOPICS.map(({ name }) => `${name}.json`).sort());
  for (const { name } of TOPICS) expect(validateValue(name, "[]").ok, name).toBe(false);
});

test("a value that fits is returned parsed; nullable fields may be null or absent, and unknown ones are let through", () => {
  expect(check(trade)).toEqual({ ok: true, value: trade });
  const { side: _, ...without } = trade;
  for (const value of [without, { ...trade, side: null }, { ...trade, liquidation: true }])
    expect(check(value).ok).toBe(true);
});

test.each([
  ["a price with trailing zeros", { ...trade, price: "64250.10" }, "/price"],
  ["a price that is a number", { ...trade, price: 64250.1 }, "/price"],
  ["a price in exponent form", { ...trade, price: "1e5" }, "/price"],
  ["a time without its zone", { ...trade, at: "2024-08-08T12:00:00" }, "/at"],
  ["a time with a trailing zero", { ...trade, at: "2024-08-08T12:00:00.10Z" }, "/at"],
  ["an unknown side", { ...trade, side: "BOTH" }, "/side"],
  ["no instrument", { ...trade, instrument: undefined }, "instrument"],
  ["an instrument without its symbol", { ...trade, instrument: {} }, "symbol"],
])("%s is refused with the place", (_, value, place) => {
  const result = check(value);
  expect(result.ok ? "" : result.reason).toContain(place);
});

test("what is not JSON is refused", () => {
  expect(validateValue("market.trades.v1", "{")).toEqual({ ok: false, reason: "the value is not JSON" });
});

test("the dead-letter headers of a schema error carry no value of the record", () => {
  const result = check({ ...trade, price: "secret" });
  expect(result.ok ? "" : result.reason).not.toContain("secret");
  expect(readFileSync("packages/events/schemas/market.trades.v1.json", "utf8")).toContain("Trade");
});
