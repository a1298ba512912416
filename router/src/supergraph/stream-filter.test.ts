import { expect, test } from "vitest";
import { parseStreamFilter } from "./stream-filter.ts";

test("a filter compares a field of the payload with an argument", () => {
  expect(parseStreamFilter("symbols in args.symbols")).toEqual({
    path: ["symbols"],
    comparison: "in",
    argument: "symbols",
  });
  expect(parseStreamFilter(" instrument.symbol = args.symbol ")).toEqual({
    path: ["instrument", "symbol"],
    comparison: "=",
    argument: "symbol",
  });
});

for (const filter of [
  "",
  "symbols",
  "symbols in symbols",
  "symbols in claims.sub",
  "a.b. in args.c",
  "a == args.c",
  "a inargs.c",
  "a in args.b or c in args.d",
]) {
  test(`"${filter}" is no filter`, () => {
    expect(() => parseStreamFilter(filter)).toThrow();
  });
}
