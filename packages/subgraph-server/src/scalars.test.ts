import fc from "fast-check";
import { expect, test } from "vitest";
import { connectionOf, decodeCursor, encodeCursor } from "./connection.ts";
import { canonicalDate, canonicalDateTime, canonicalDecimal } from "./scalars.ts";

test.each([
  ["64250.10", "64250.1"],
  ["007", "7"],
  ["-0.0", "0"],
  ["1.", "1"],
  ["-12.000000001", "-12.000000001"],
  ["1e5", null],
  ["", null],
  [".5", null],
  ["1,5", null],
  ["9".repeat(100), null],
])("the decimal %s is written as %s", (text, written) => {
  expect(canonicalDecimal(text)).toBe(written);
});

test.each([
  ["2024-08-08T12:00:00Z", "2024-08-08T12:00:00Z"],
  ["2024-08-08T12:00:00.120000000Z", "2024-08-08T12:00:00.12Z"],
  ["2024-08-08T14:00:00.000000001+02:00", "2024-08-08T12:00:00.000000001Z"],
  ["2024-02-31T00:00:00Z", null],
  ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"],
  ["9999-12-31T23:59:59-01:00", null],
  ["0000-01-01T00:00:00+01:00", null],
  ["2024-08-08", null],
  ["2024-08-08T12:00:00", null],
  ["2024-08-08T12:00:00.1234567891Z", null],
])("the time %s is written as %s", (text, written) => {
  expect(canonicalDateTime(text)).toBe(written);
});

test.each([
  ["2024-08-08", true],
  ["2024-02-29", true],
  ["2023-02-29", false],
  ["2024-13-01", false],
  ["2024-8-8", false],
  ["2024-08-08T00:00:00Z", false],
  ["+02024-08-08", false],
  ["", false],
])("whether %s is a day: %s", (text, isDay) => {
  expect(canonicalDate(text)).toBe(isDay ? text : null);
});

test("what is written once is written the same again", () => {
  const decimal = fc
    .tuple(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), fc.nat({ max: 999_999_999 }))
    .map(([whole, fraction]) => `${whole}.${String(fraction).padStart(9, "0")}`);
  fc.assert(
    fc.property(decimal, (text) => {
      const written = canonicalDecimal(text) as string;
      expect(canonicalDecimal(written)).toBe(written);
      expect(Number(written)).toBeCloseTo(Number(text));
    }),
  );
});

test("a cursor gives back its sort key, and nothing else is a cursor", () => {
  expect(decodeCursor(encodeCursor("BTCUSDT", 5), ["string", "number"])).toEqual(["BTCUSDT", 5]);
  for (const cursor of ["", "nonsense", encodeCursor(5, "BTCUSDT"), encodeCursor("a", 1, 2)]) {
    expect(() => decodeCursor(cursor, ["string", "number"])).toThrow(
      expect.objectContaining({ code: "BAD_USER_INPUT" }),
    );
  }
});

test("one row more than asked for says that there is a next page", () => {
  expect(connectionOf(["a", "b", "c"], 2, (row) => `c${row}`)).toEqual({
    edges: [
      { node: "a", cursor: "ca" },
      { node: "b", cursor: "cb" },
    ],
    nodes: ["a", "b"],
    pageInfo: { hasNextPage: true, endCursor: "cb" },
  });
  expect(connectionOf([], 2, String).pageInfo).toEqual({ hasNextPage: false, endCursor: null });
});
