import { buildSchema, parse, type OperationDefinitionNode } from "graphql";
import { expect, test } from "vitest";
import type { RouterSupergraph } from "../supergraph/router-supergraph.ts";
import type { PlannedFetch } from "./fetch-plan.ts";
import { NeededFields } from "./needed-fields.ts";
import { normalizeOperation } from "./normalize-operation.ts";

const schema = buildSchema(`
  directive @defer(label: String) on INLINE_FRAGMENT
  type Query { shops: [Shop] }
  type Shop { currency: String tax: String address: Address best: Article }
  type Address { country: String }
  type Article { price: String }`);
const supergraph = { apiSchema: schema, fullSchema: schema } as RouterSupergraph;

function neededBy(query: string, fetches: readonly PlannedFetch[] = []): NeededFields {
  const operation = parse(query).definitions[0] as OperationDefinitionNode;
  const names = { fieldNames: new Set<string>(), requiredNames: new Set<string>(), inputs: [] };
  const normalized = normalizeOperation(operation, new Map(), { ...supergraph, ...names });
  return new NeededFields(supergraph, normalized, fetches);
}

test("what contexts are made of is needed at once, although it is selected in a deferred part", () => {
  const source = (...path: string[]) => ({ definition: {}, sources: [{ up: 1, path: ["... on Shop", ...path] }] });
  const fetch = {
    path: ["shops", "@", "best"],
    requires: [],
    selection: { selections: [] },
    conditions: [],
    contexts: [source("currency"), source("address", "country")],
  } as unknown as PlannedFetch;
  const needed = neededBy('{ shops { best { price } ... @defer(label: "a") { currency } } }', [fetch]);
  const atOnce = { guard: [], deferredTo: null };
  expect(needed.of(["shops", "@"], "Shop").get("currency")).toContainEqual(atOnce);
  expect(needed.of(["shops", "@"], "Shop").get("address")).toEqual([atOnce]);
  expect(needed.of(["shops", "@", "address"], "Address").get("country")).toEqual([atOnce]);
  expect(needed.of(["shops", "@", "best"], "Article").get("currency")).toBeUndefined();
});

test.each([
  ["a deferred part", '{ shops { ... @defer(label: "a") { tax } } }', ["a"]],
  ["what comes at once", '{ shops { tax ... @defer(label: "a") { tax } } }', [null]],
  ["several parts", '{ shops { ... @defer(label: "a") { tax } ... @defer(label: "b") { tax } } }', ["a", "b"]],
])("what is computed for %s needs its inputs with that", (_, query, parts) => {
  const computed = parse("{ ... on Shop { tax } }").definitions[0] as OperationDefinitionNode;
  const fetch = {
    id: 1,
    path: ["shops", "@"],
    requires: [
      {
        kind: "fragment",
        on: "Shop",
        selections: [{ kind: "field", read: "currency", write: "currency", selections: null }],
      },
    ],
    selection: computed.selectionSet,
    conditions: [],
    contexts: [],
  } as unknown as PlannedFetch;
  const needs = neededBy(query, [fetch]).of(["shops", "@"], "Shop").get("currency");
  expect(needs?.map(({ deferredTo }) => deferredTo)).toEqual(parts);
});

const NESTED = `{ shops {
  ... @defer(label: "outer") { currency ... @defer(label: "inner") { currency } }
  ... @defer(label: "other") { currency }
} }`;

test.each([
  [null, [null, "outer"], [null]],
  [null, ["outer", "other"], ["outer", "other"]],
  [null, ["inner", "outer"], ["outer"]],
  ["outer", ["inner"], ["inner"]],
  ["outer", ["outer", "inner"], [null]],
  ["outer", ["other"], [null]],
  ["inner", ["outer"], [null]],
])("for a fetch of part %s, what parts %j need is fetched for %j", (own, labels, parts) => {
  expect([...neededBy(NESTED).partsAfter(own, labels)]).toEqual(parts);
});
