import fc from "fast-check";
import { expect, test } from "vitest";
import { formatE9, parseE9, parseSumE9, vwapE9 } from "./decimal.ts";
import { formatNanos, parseNanos } from "./instant.ts";

test("decimals keep every digit and no trailing zero", () => {
  expect(parseE9("64250.1")).toBe(64_250_100_000_000n);
  expect(parseE9("0.00100000")).toBe(1_000_000n);
  expect(parseE9("1.0000000000")).toBe(1_000_000_000n);
  expect(formatE9(64_250_100_000_000n)).toBe("64250.1");
  expect(formatE9(-1n)).toBe("-0.000000001");
  expect(formatE9(0n)).toBe("0");
});

test("what is not a decimal number of at most nine places is refused", () => {
  for (const text of ["", "1e5", ".5", "1.", "0.0000000001", "9223372037", "NaN", " 1"])
    expect(() => parseE9(text), text).toThrow(RangeError);
});

test("a sum may be larger than an i64, such as the volume of a coin that is cheap", () => {
  expect(parseSumE9("13257105110.5")).toBe(13_257_105_110_500_000_000n);
  expect(() => parseE9("13257105110.5")).toThrow(RangeError);
  expect(() => parseSumE9("0.0000000001")).toThrow(RangeError);
});

test("parsing inverts formatting", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }),
      (value) => parseE9(formatE9(value)) === value,
    ),
  );
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 62n }), (value) => parseNanos(formatNanos(value)) === value));
});

test("times have as many digits as they need", () => {
  expect(formatNanos(1_723_161_255_342_000_000n)).toBe("2024-08-08T23:54:15.342Z");
  expect(formatNanos(0n)).toBe("1970-01-01T00:00:00Z");
  expect(parseNanos("2024-08-09T01:54:15.342+02:00")).toBe(1_723_161_255_342_000_000n);
});

test("the average price is rounded down, and there is none without volume", () => {
  expect(vwapE9(10n, 3n)).toBe(3n);
  expect(vwapE9(0n, 0n)).toBeNull();
});
