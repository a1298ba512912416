import fc from "fast-check";
import { expect, test } from "vitest";
import type { Definition } from "./entity.ts";
import { EntityLinker } from "./entity-linker.ts";

const define = (symbol: string, name: string, kind: Definition["class"], venueSymbol = symbol): Definition => ({
  symbol,
  name,
  venueSymbol,
  class: kind,
});

const linker = new EntityLinker(
  [
    define("BTCUSDT", "Bitcoin / Tether", "CRYPTO"),
    define("BTC-USD.COINBASE", "BTC / USD", "CRYPTO", "BTC-USD"),
    define("BTCUSDT-PERP", "BTC / USDT Perpetual", "DERIVATIVE", "BTCUSDT"),
    define("ETHBTC", "ETH / BTC", "CRYPTO"),
    define("TGT", "Target Corporation", "EQUITY"),
    define("NRVA", "Norva Semiconductors", "EQUITY"),
    define("EURUSD", "Euro / US Dollar", "FX"),
    define("EURGBP", "Euro / Pound Sterling", "FX"),
    define("USDJPY", "US Dollar / Japanese Yen", "FX"),
  ],
  new Set(["target", "near"]),
);

const BITCOIN = ["BTC-USD.COINBASE", "BTCUSDT", "BTCUSDT-PERP"];

test.each([
  ["Bitcoin is one thing, however many venues trade it", BITCOIN],
  ["$BTC", BITCOIN],
  ["BTC-USD rose", BITCOIN],
  ["BTCUSDT-PERP. And BTC-USD.COINBASE.", ["BTCUSDT-PERP", "BTC-USD.COINBASE"]],
  ["ETHBTC fell", ["ETHBTC"]],
  ["Norva and Target cut jobs", ["NRVA", "TGT"]],
  ["Norva's margin", ["NRVA"]],
  ["The company hit its target", []],
  ["the euro rose against the pound", ["EURGBP"]],
  ["EUR/GBP", ["EURGBP"]],
  ["the yen and the euro rose", ["USDJPY", "EURUSD"]],
  ["It cost 40 euro and 3 million yen", []],
  ["Spain won Euro 2012, and Euro 2028 is played in Britain", []],
  ["", []],
])("%s: %j", (text, symbols) => expect(linker.symbolsIn(text)).toEqual(symbols));

test("a mention says where it is, and by what it was recognised", () => {
  const text = "Shares of Target fell; (TGT) norva, NORVA Semiconductors’ $btc";
  const found = linker
    .mentions(text)
    .map(({ symbols, kind, start, end }) => [symbols[0], kind, text.slice(start, end)]);
  expect(found).toEqual([
    ["TGT", "CONTEXT", "Target"],
    ["TGT", "SYMBOL", "TGT"],
    ["NRVA", "NAME", "NORVA Semiconductors"],
    ["BTC-USD.COINBASE", "SYMBOL", "btc"],
  ]);
});

test("any text has mentions that lie in it, one after the other", () => {
  const words = fc.array(
    fc.constantFrom("Target", "BTC", "$BTC", "the", "euro", "yen", "/", ".", "fell", "\u202E", "<b>", "'s"),
  );
  fc.assert(
    fc.property(words, fc.string(), (known, noise) => {
      const text = `${known.join(" ")}${noise}`;
      let before = 0;
      for (const { start, end } of linker.mentions(text)) {
        expect(start).toBeGreaterThanOrEqual(before);
        expect(end).toBeGreaterThan(start);
        expect(end).toBeLessThanOrEqual(text.length);
        before = end;
      }
    }),
  );
});

test("a long text is looked at up to a bound", () => {
  expect(linker.mentions("$BTC ".repeat(100_000)).length).toBe(100);
});
