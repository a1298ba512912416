import { readFileSync } from "node:fs";
import { parse, validate } from "graphql";
import { expect, test } from "vitest";
import { INSTRUMENT_QUERY, MARKET_QUERY } from "../../exports/src/briefs/queries.ts";
import { apiSchemaOf } from "../../router/src/supergraph/api-schema.ts";

const schema = apiSchemaOf(readFileSync("router/supergraph.graphql", "utf8"));

test.each([
  ["the market", MARKET_QUERY],
  ["an instrument", INSTRUMENT_QUERY],
])("the query of the page of %s fits the API", (_, query) => {
  expect(validate(schema, parse(query))).toEqual([]);
});
