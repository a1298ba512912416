import { expect, test } from "vitest";
import { federated, type TestSubgraph } from "./federated.ts";

const SHOP: Record<string, TestSubgraph> = {
  products: {
    typeDefs: `
      type Query { top(first: Int = 5): [Product!]! product(sku: ID!): Product }
      type Product @key(fields: "sku") { sku: ID! title: String! price: Int! weight: Int! constructor: String }`,
    resolvers: {
      Query: {
        top: (_: unknown, { first }: { first: number }) => GOODS.slice(0, first),
        product: (_: unknown, { sku }: { sku: string }) => GOODS.find((each) => each.sku === sku),
      },
      Product: { __resolveReference: ({ sku }: { sku: string }) => GOODS.find((each) => each.sku === sku) },
    },
  },
  stock: {
    typeDefs: `
      type Product @key(fields: "sku") {
        sku: ID! price: Int! @external weight: Int! @external
        inStock: Boolean! shipping: Int! @requires(fields: "price weight")
      }`,
    resolvers: {
      Product: {
        __resolveReference: (reference: unknown) => reference,
        inStock: ({ sku }: { sku: string }) => sku === "t",
        shipping: ({ price, weight }: { price: number; weight: number }) => price + weight,
      },
    },
  },
};
const GOODS = [
  { sku: "t", title: "Table", price: 899, weight: 100, constructor: null },
  { sku: "c", title: "Couch", price: 1299, weight: 1000, constructor: null },
];

test("an alias that is the name of a key does not take the key's place", async () => {
  const { ask, requests } = await federated(SHOP);
  expect(await ask("{ top(first: 2) { sku: title inStock } }")).toEqual({
    data: {
      top: [
        { sku: "Table", inStock: true },
        { sku: "Couch", inStock: false },
      ],
    },
  });
  expect(requests[1]?.variables["representations"]).toEqual([
    { __typename: "Product", sku: "t" },
    { __typename: "Product", sku: "c" },
  ]);
});

test("an alias that is the name of a required field does not take its place", async () => {
  const { ask } = await federated(SHOP);
  expect(await ask("{ top(first: 1) { price: title weight: sku shipping } }")).toEqual({
    data: { top: [{ price: "Table", weight: "t", shipping: 999 }] },
  });
});

test("aliases may swap the names of fields", async () => {
  const { ask } = await federated(SHOP);
  expect(await ask("{ top(first: 1) { price: weight weight: price title: sku sku: title shipping } }")).toEqual({
    data: { top: [{ price: 100, weight: 899, title: "t", sku: "Table", shipping: 999 }] },
  });
});

test("fields that merge keep merging under a shadowing alias", async () => {
  const { ask } = await federated(SHOP);
  const query = `
    { a: top(first: 1) { sku: title ...More ... on Product { sku: title } } }
    fragment More on Product { sku: title inStock }`;
  expect(await ask(query)).toEqual({ data: { a: [{ sku: "Table", inStock: true }] } });
});

test("names that every JavaScript object has are names like others", async () => {
  const { ask } = await federated(SHOP);
  const query = `{ product(sku: "t") { toString: title valueOf: inStock constructor __proto__: sku hasOwnProperty: price } }`;
  const answer = await ask(query);
  expect(answer.errors).toBeUndefined();
  const product = answer.data.product as object;
  expect(Object.entries(product)).toEqual([
    ["toString", "Table"],
    ["valueOf", true],
    ["constructor", null],
    ["__proto__", "t"],
    ["hasOwnProperty", 899],
  ]);
});

test("aliases and variables that look like the router's own are free to use", async () => {
  const { ask } = await federated(SHOP);
  const query = `query ($representations: ID!, $_r0: Int) {
    _entities: product(sku: $representations) { _e0: inStock __typename _a0_sku: title t: __typename }
    _a: top(first: $_r0) { inStock }
  }`;
  expect(await ask(query, { representations: "t", _r0: 1 })).toEqual({
    data: { _entities: { _e0: true, __typename: "Product", _a0_sku: "Table", t: "Product" }, _a: [{ inStock: true }] },
  });
});

test("an alias that the router would make up itself stays the client's", async () => {
  const { ask } = await federated(SHOP);
  expect(
    await ask("{ top(first: 1) { sku: title _a0_sku: price _a1_sku: weight title__alias_0: sku inStock } }"),
  ).toEqual({
    data: { top: [{ sku: "Table", _a0_sku: 899, _a1_sku: 100, title__alias_0: "t", inStock: true }] },
  });
});

test("a client's argument keeps apart from a @requires that leaves the argument out", async () => {
  const { ask } = await federated({
    texts: {
      typeDefs: `type Query { text: Text } type Text @key(fields: "id") { id: ID! body(upper: Boolean = false): String }`,
      resolvers: {
        Query: { text: () => ({ id: "1" }) },
        Text: { body: (_: unknown, { upper }: { upper: boolean }) => (upper ? "ABC" : "abc") },
      },
    },
    hashes: {
      typeDefs: `type Text @key(fields: "id") { id: ID! body(upper: Boolean = false): String @external hash: String @requires(fields: "body") }`,
      resolvers: {
        Text: {
          __resolveReference: (reference: unknown) => reference,
          hash: ({ body }: { body: string }) => `#${body}`,
        },
      },
    },
  });
  expect(await ask("{ text { body(upper: true) hash } }")).toEqual({ data: { text: { body: "ABC", hash: "#abc" } } });
});

test("an entity at two places has its own fields at each", async () => {
  const { ask, requests } = await federated({
    places: {
      typeDefs: `type Query { a: Place b: Place } type Place @key(fields: "id") { id: ID! }`,
      resolvers: { Query: { a: () => ({ id: "1" }), b: () => ({ id: "1" }) } },
    },
    owners: {
      typeDefs: `type Place @key(fields: "id") { id: ID! owner: Owner } type Owner @key(fields: "name") { name: ID! }`,
      resolvers: { Place: { __resolveReference: (reference: unknown) => reference, owner: () => ({ name: "Ann" }) } },
    },
    badges: {
      typeDefs: `type Owner @key(fields: "name") { name: ID! badge(size: Int!): String }`,
      resolvers: {
        Owner: {
          __resolveReference: (reference: unknown) => reference,
          badge: ({ name }: { name: string }, { size }: { size: number }) => name.slice(0, size),
        },
      },
    },
  });
  expect(await ask("{ a { owner { x: badge(size: 1) } } b { owner { x: badge(size: 2) } } }")).toEqual({
    data: { a: { owner: { x: "A" } }, b: { owner: { x: "An" } } },
  });
  expect(
    requests.filter(({ subgraph }) => subgraph === "owners").map(({ variables }) => variables["representations"]),
  ).toEqual([[{ __typename: "Place", id: "1" }]]);
});

test("an error's path has the client's names", async () => {
  const { ask } = await federated({
    ...SHOP,
    stock: {
      ...SHOP["stock"]!,
      resolvers: {
        Product: {
          __resolveReference: (reference: unknown) => reference,
          inStock: () => {
            throw new Error("counting");
          },
        },
      },
    },
  });
  const { errors } = await ask("{ title: top(first: 2) { sku: inStock } }");
  expect(errors?.map(({ path }) => path)).toEqual([
    ["title", 0, "sku"],
    ["title", 1, "sku"],
  ]);
});
