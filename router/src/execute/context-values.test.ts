import { buildSchema, parse, type OperationDefinitionNode } from "graphql";
import { expect, test } from "vitest";
import type { PlannedFetch } from "../plan/fetch-plan.ts";
import type { CallContext } from "../operation/federation.ts";
import { ContextReader } from "./context-values.ts";
import { Execution } from "./execution.ts";

const SCHEMA = buildSchema(`
  type Query { shop: Shop }
  type Shop { currency: String fair: Fair }
  type Fair { currency: String article: Article }
  type Article { price: String }`);

const [definition] = (parse("query ($in: String) { shop }").definitions[0] as OperationDefinitionNode)
  .variableDefinitions!;

/** An article at a fair in a shop, of which each may give the context: the fair, which is nearer, first. */
const FETCH = {
  path: ["shop", "fair", "article"],
  contexts: [
    {
      definition,
      sources: [
        { up: 1, path: ["... on Fair", "currency"] },
        { up: 2, path: ["... on Shop", "currency"] },
      ],
    },
  ],
} as unknown as PlannedFetch;

test.each([
  ["its value", { currency: "JPY" }, ['"JPY"']],
  ["its null", { currency: null }, ["null"]],
  ["none where it is not there, whatever is around it", {}, [null]],
])("the nearest object that sets a context gives %s", (_, fair, values) => {
  const call: CallContext = { headersFor: () => ({}), signal: new AbortController().signal };
  const article = { __typename: "Article" };
  const shop = { __typename: "Shop", currency: "EUR", fair: { __typename: "Fair", ...fair, article } };
  const execution = new Execution(call, {}, { root: { shop }, clean: true });
  expect(new ContextReader(FETCH, { fullSchema: SCHEMA }).read(execution).of(0)).toEqual(values);
});
