import { GraphQLError } from "graphql";
import { expect, test } from "vitest";
import { federated, type TestSubgraph } from "./federated.ts";

/** A fair is held in a shop, a stall sets no context. What money they take is known elsewhere. */
const PLACES: TestSubgraph = {
  typeDefs: `
    type Query { shops: [Shop!]! places: [Place!]! }
    union Place = Shop | Fair | Stall
    type Shop @key(fields: "id") { id: ID! fair: Fair best: Article }
    type Fair @key(fields: "id") { id: ID! stand: Stand best: Article }
    type Stall @key(fields: "id") { id: ID! }
    type Stand { article: Article }
    type Article @key(fields: "id") { id: ID! }`,
  resolvers: {
    Query: {
      shops: () => [SHOP],
      places: () => [{ __typename: "Shop", ...SHOP }, FAIR, { __typename: "Stall", id: "st" }],
    },
  },
};
const FAIR = { __typename: "Fair", id: "fa", best: { id: "3" } };
const SHOP = { id: "sh", best: { id: "1" }, fair: { id: "fa", stand: { article: { id: "2" } } } };

const MONEY: TestSubgraph = {
  typeDefs: `
    type Shop @key(fields: "id") { id: ID! currency: String }
    type Fair @key(fields: "id") { id: ID! currency: String }`,
  resolvers: { Shop: { currency: () => "EUR" }, Fair: { currency: () => "JPY" } },
};

const PRICES: TestSubgraph = {
  typeDefs: `
    type Shop @key(fields: "id") @context(name: "sale") { id: ID! currency: String @external offer: Article }
    type Fair @key(fields: "id") @context(name: "sale") { id: ID! currency: String @external }
    type Stall @key(fields: "id") { id: ID! rank: Int }
    type Article @key(fields: "id") {
      id: ID!
      price(in: String @fromContext(field: "$sale ... on Shop { currency } ... on Fair { currency }")): String
      name: String
      twin: Article
    }`,
  resolvers: {
    Shop: { offer: () => ({ id: "o" }) },
    Stall: { rank: () => 7 },
    Article: {
      price: ({ id }: { id: string }, { in: currency }: { in: string | null }) => `${id} in ${currency}`,
      name: ({ id }: { id: string }) => `name of ${id}`,
      twin: ({ id }: { id: string }) => ({ id: `${id}t` }),
    },
  },
};

const market = (money: TestSubgraph = MONEY) => federated({ places: PLACES, money, prices: PRICES });

test.each([
  [{ price: true, twin: true }, { twin: { price: "1t in EUR", name: "name of 1t" } }],
  [{ price: false, twin: true }, { twin: { name: "name of 1t" } }],
  [{ price: true, twin: false }, {}],
  [{ price: false, twin: false }, {}],
])("what takes a context may be skipped, and what is around it comes all the same: %j", async (variables, best) => {
  const { ask, requests } = await market();
  const query = `query ($price: Boolean!, $twin: Boolean!) {
    shops { best { twin @include(if: $twin) { name price @include(if: $price) } } }
  }`;
  expect(await ask(query, variables)).toEqual({ data: { shops: [{ best }] } });
  const isPriced = variables.price && variables.twin;
  expect(requests.some(({ subgraph }) => subgraph === "money")).toBe(isPriced);
});

test("two fields under conditions of their own get the context when either is there", async () => {
  for (const one of [true, false]) {
    for (const other of [true, false]) {
      const { ask } = await market();
      const query = `query ($one: Boolean!, $other: Boolean!) {
        shops { best { name twin { a: price @include(if: $one) ... @skip(if: $other) { b: price } } } }
      }`;
      const twin = { ...(one && { a: "1t in EUR" }), ...(!other && { b: "1t in EUR" }) };
      expect(await ask(query, { one, other })).toEqual({ data: { shops: [{ best: { name: "name of 1", twin } }] } });
    }
  }
});

test("an object that sets no context lacks none for what is fetched along with those that do", async () => {
  const { ask } = await market();
  expect(await ask("{ places { ... on Shop { offer { price } } ... on Stall { rank } } }")).toEqual({
    data: { places: [{ offer: { price: "o in EUR" } }, {}, { rank: 7 }] },
  });
});

test("one type's field takes a context, and nobody asks for that of another type with the same field", async () => {
  const { ask, requests } = await market();
  expect(await ask("{ places { ... on Shop { best { name price } } ... on Fair { best { name } } } }")).toEqual({
    data: { places: [{ best: { name: "name of 1", price: "1 in EUR" } }, { best: { name: "name of 3" } }, {}] },
  });
  const asked = requests.filter(({ subgraph }) => subgraph === "money").map(({ variables }) => variables);
  expect(asked).toEqual([{ representations: [{ __typename: "Shop", id: "sh" }] }]);
});

test("a context that comes with one type's objects is waited for on another type's", async () => {
  const places: TestSubgraph = {
    typeDefs: PLACES.typeDefs.replace('type Shop @key(fields: "id") { id: ID!', "$& currency: String"),
    resolvers: { Query: { places: () => [{ __typename: "Shop", ...SHOP, currency: "USD" }, FAIR] } },
  };
  const money: TestSubgraph = {
    typeDefs: `type Query { opened: Int } type Fair @key(fields: "id") { id: ID! currency: String }`,
    resolvers: { Fair: { currency: () => "JPY" } },
  };
  const { ask } = await federated({ places, money, prices: PRICES });
  expect(await ask("{ places { ... on Shop { best { price } } ... on Fair { best { price } } } }")).toEqual({
    data: { places: [{ best: { price: "1 in USD" } }, { best: { price: "3 in JPY" } }] },
  });
});

test("a context that is not there is not taken from further around, and the field tells why", async () => {
  const __resolveReference = async () => {
    throw new GraphQLError("closed", { extensions: { code: "CLOSED" } });
  };
  const { ask } = await market({ ...MONEY, resolvers: { ...MONEY.resolvers, Fair: { __resolveReference } } });
  const { data, errors } = await ask("{ shops { best { price } fair { stand { article { price } } } } }");
  expect(data).toEqual({ shops: [{ best: { price: "1 in EUR" }, fair: { stand: { article: { price: null } } } }] });
  expect(errors).toEqual([
    expect.objectContaining({
      message: "closed",
      path: expect.arrayContaining(["shops", 0, "fair"]),
      extensions: expect.objectContaining({ code: "CLOSED" }),
    }),
  ]);
});

test("a deferred part inside another one waits for the context that the other one's fetches bring", async () => {
  const { askInParts } = await market();
  const query = '{ shops { id ... @defer(label: "a") { offer { ... @defer(label: "b") { price } } } } }';
  const payloads = await askInParts(query);
  expect(payloads.flatMap(({ incremental }) => incremental ?? [])).toEqual([
    { label: "a", path: ["shops", 0], data: { offer: {} } },
    { label: "b", path: ["shops", 0, "offer"], data: { price: "o in EUR" } },
  ]);
});

test("what comes before a deferred part takes none of the contexts that the part takes", async () => {
  const key = '@key(fields: "id")';
  const { askInParts } = await federated({
    things: {
      typeDefs: `type Query { things: [Thing] } type Thing ${key} @interfaceObject { id: ID! name: String }`,
      resolvers: {
        Query: { things: () => [{ id: "h" }] },
        Thing: { name: ({ id }: { id: string }) => `name of ${id}` },
      },
    },
    kinds: {
      typeDefs: `
        interface Thing ${key} { id: ID! }
        type Hall implements Thing ${key} { id: ID! }
        type Yard implements Thing ${key} { id: ID! }`,
      resolvers: { Thing: { __resolveReference: ({ id }: { id: string }) => ({ __typename: "Hall", id }) } },
    },
    zones: { typeDefs: `type Hall ${key} { id: ID! zone: String }`, resolvers: { Hall: { zone: () => "north" } } },
    halls: {
      typeDefs: `
        type Yard ${key} { id: ID! }
        type Hall ${key} @context(name: "zone") { id: ID! zone: String @external yards: [Yard!] desks: [Desk!] }
        type Desk ${key} { id: ID! where(in: String @fromContext(field: "$zone { zone }")): String }`,
      resolvers: {
        Hall: { yards: () => [{ id: "y" }], desks: () => [{ id: "d" }] },
        Desk: { where: (_: unknown, { in: zone }: { in: string }) => zone },
      },
    },
  });
  const payloads = await askInParts(`query ($p: Boolean! = false) {
    things {
      ... on Hall @defer(label: "a") { desks { where @skip(if: $p) } }
      ... on Hall { yards { name } }
    }
  }`);
  expect(payloads.map(({ data, errors, incremental }) => ({ data, errors, incremental }))).toEqual([
    { data: { things: [{ yards: [{ name: "name of y" }] }] } },
    { incremental: [{ label: "a", path: ["things", 0], data: { desks: [{ where: "north" }] } }] },
  ]);
});
