import { DataSource, InstrumentClass } from "@mib/protocol/messages.generated";
import fc from "fast-check";
import { expect, test } from "vitest";
import { captureHead, readCaptureHead } from "./capture-head.ts";

const anyInstrument = fc.record({
  definition: fc.record({
    symbol: fc.string(),
    name: fc.string(),
    venue: fc.string(),
    venueSymbol: fc.string(),
    class: fc.constantFrom(...Object.values(InstrumentClass)),
    source: fc.constant(DataSource.REPLAY),
    priceIncrementE9: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    sizeIncrementE9: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    tradesConsecutive: fc.constant(true),
  }),
  precision: fc.record({ price: fc.integer({ min: 0, max: 9 }), size: fc.integer({ min: 0, max: 9 }) }),
});

test("reading a head inverts writing it", () => {
  fc.assert(
    fc.property(fc.constantFrom("binance", "coinbase", "kraken"), fc.array(anyInstrument), (venue, instruments) => {
      expect(readCaptureHead(captureHead(venue, instruments), DataSource.REPLAY)).toEqual({ venue, instruments });
    }),
  );
});

test("a venue's message is no head, and a head that is wrong says what is", () => {
  expect(readCaptureHead('{"stream":"btcusdt@trade","data":{}}', DataSource.REPLAY)).toBeNull();
  expect(() => readCaptureHead('{"capture":{"version":2}}', DataSource.REPLAY)).toThrow(/head of the capture/);
});
