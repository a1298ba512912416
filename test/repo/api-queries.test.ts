import { readFileSync } from "node:fs";
import { parse, validate } from "graphql";
import { expect, test } from "vitest";
import { INSTRUMENT_QUERY, MARKET_QUERY } from "../../exports/src/briefs/queries.ts";
import { apiSchemaOf } from "../../router/src/supergraph/api-schema.ts";

const schema = apiSchemaOf(readFileSync("router/supergraph.graphql", "utf8"));
const recipes = [...readFileSync("docs/cookbook.md", "utf8").matchAll(/```graphql\n(\w+ (\w+)[\s\S]*?)```/g)].map(
  ([, text, name]): [string, string] => [`the cookbook's ${name}`, text!],
);

test.each([
  ["the page of the market's brief", MARKET_QUERY],
  ["the page of an instrument's brief", INSTRUMENT_QUERY],
  ...recipes,
])("the operation of %s fits the API", (_, text) => {
  expect(validate(schema, parse(text))).toEqual([]);
});

test("the cookbook has operations", () => {
  expect(recipes.length).toBeGreaterThan(20);
});
