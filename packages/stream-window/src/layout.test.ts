import fc from "fast-check";
import { expect, test } from "vitest";
import { compareIds, decodeMessage, encodeMessage, idBelow } from "./layout.ts";

const anyNumber = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const anyId = fc.tuple(anyNumber, anyNumber).map(([high, low]) => `${high}-${low}`);

test("decoding inverts encoding, whatever the value holds", () => {
  const anyEntry = fc.record({
    epoch: fc.uuid(),
    id: anyId,
    prev: anyId,
    count: fc.nat(),
    brokerTimeMs: fc.nat(),
    traceparent: fc.option(fc.constant("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
    value: fc.string({ unit: "binary" }),
  });
  fc.assert(
    fc.property(anyEntry, (entry) => {
      expect(decodeMessage(encodeMessage(entry))).toEqual(entry);
    }),
  );
});

test("ids are ordered as pairs of 64-bit numbers", () => {
  const number = (id: string) => id.split("-").reduce((sum, part) => sum * 2n ** 64n + BigInt(part), 0n);
  fc.assert(
    fc.property(anyId, anyId, (a, b) => {
      const expected = number(a) < number(b) ? -1 : number(a) > number(b) ? 1 : 0;
      expect(Math.sign(compareIds(a, b))).toBe(expected);
    }),
  );
});

test("nothing is between an id and the id below it", () => {
  expect(idBelow("7-3")).toBe("7-2");
  expect(idBelow("7-0")).toBe(`6-${2n ** 64n - 1n}`);
  expect(idBelow("0-0")).toBe("0-0");
});

test("a message without a header is refused", () => {
  expect(() => decodeMessage("{}")).toThrow("no header line");
  expect(() => decodeMessage("a b c\n{}")).toThrow("not the header");
});
