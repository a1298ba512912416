import { CodedError } from "@mib/service/coded-error";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cursorAt, searchRequest } from "./search-request.ts";

const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return error instanceof CodedError ? error.code : "NOT_CODED";
  }
  return null;
};

test.each([
  ["an empty query", { query: " \n " }, "SEARCH_QUERY_INVALID"],
  ["a query of ten thousand words", { query: "copper ".repeat(10_000) }, "SEARCH_QUERY_INVALID"],
  ["a negative number of results", { query: "copper", first: -1 }, "BAD_USER_INPUT"],
  ["too many results asked for", { query: "copper", first: 101 }, "BAD_USER_INPUT"],
  ["too many symbols", { query: "copper", symbols: Array.from({ length: 101 }, (_, i) => `S${i}`) }, "BAD_USER_INPUT"],
  [
    "a range that ends before it begins",
    { query: "copper", from: "2024-02-01T00:00:00Z", to: "2024-01-01T00:00:00Z" },
    "BAD_USER_INPUT",
  ],
  ["too many publishers", { query: "copper", sources: Array.from({ length: 101 }, String) }, "BAD_USER_INPUT"],
  ["a half-life of nothing", { query: "copper", halfLifeHours: 0 }, "BAD_USER_INPUT"],
  ["a half-life that is no number", { query: "copper", halfLifeHours: Number.NaN }, "BAD_USER_INPUT"],
  ["a made-up cursor", { query: "copper", after: "abc" }, "BAD_USER_INPUT"],
  ["a search too deep", { query: "copper", after: cursorAt(995) }, "RANGE_TOO_LARGE"],
])("%s is refused", (_, args, code) => expect(codeOf(() => searchRequest(args))).toBe(code));

test("a page begins after its cursor", () => {
  fc.assert(
    fc.property(fc.nat(900), (place) => searchRequest({ query: "x", after: cursorAt(place) }).offset === place + 1),
  );
});

test("white space is folded, and everything but the query may be left out", () => {
  expect(searchRequest({ query: "  copper\n supply " })).toEqual({
    query: "copper supply",
    rankBy: "HYBRID",
    halfLifeHours: null,
    filter: { symbols: null, sources: null, from: null, to: null },
    first: 10,
    offset: 0,
  });
});
