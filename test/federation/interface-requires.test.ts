import { expect, test } from "vitest";
import { federated, json, type TestSubgraph } from "./federated.ts";

// Fields that are computed from what the objects behind an interface have, each type something else.

const HOMES: Record<string, TestSubgraph> = {
  register: {
    typeDefs: `
      type Query { homes: [Home!]! heatings: [Heating] }
      type Home @key(fields: "id") {
        id: ID!
        colour: String
        area: Int @external
        worth: Int @requires(fields: "area")
        heating: [Heating] @external
        cost: String @requires(fields: "heating { __typename id ... on Stove { fuel } ... on Pump { power } }")
      }
      interface Heating { id: ID! }
      type Stove implements Heating @key(fields: "id") { id: ID! fuel: String @external }
      type Pump implements Heating @key(fields: "id") { id: ID! power: Int @external }`,
    resolvers: {
      Query: {
        homes: () => [{ id: "1" }, { id: "2" }],
        heatings: () => [{ __typename: "Pump", id: "p1" }, null, { __typename: "Stove", id: "s1" }],
      },
      Home: {
        __resolveReference: (sent: object) => sent,
        colour: () => "red",
        worth: ({ area }: { area?: number }) => (area === undefined ? null : area * 10),
        cost: ({ heating }: { heating?: unknown }) => JSON.stringify(heating),
      },
    },
  },
  survey: {
    typeDefs: `
      type Query { surveyed: [Home!]! }
      type Home @key(fields: "id") {
        id: ID!
        area: Int
        heating: [Heating]
        worth: Int @external
        tax: Int @requires(fields: "worth")
      }
      interface Heating { id: ID! rating: String }
      type Stove implements Heating @key(fields: "id") { id: ID! fuel: String @external rating: String @requires(fields: "fuel") }
      type Pump implements Heating @key(fields: "id") { id: ID! power: Int @external rating: String @requires(fields: "power") }`,
    resolvers: {
      Query: { surveyed: () => [{ id: "3" }] },
      Home: {
        __resolveReference: (sent: object) => sent,
        area: ({ id }: { id: string }) => Number(id) * 5,
        heating: ({ id }: { id: string }) =>
          id === "2" ? null : [{ __typename: "Stove", id: "s1" }, null, { __typename: "Pump", id: "p1" }],
        tax: ({ worth }: { worth?: number }) => (worth === undefined ? null : worth + 1),
      },
      Stove: { rating: ({ fuel }: { fuel?: string }) => `burns ${fuel}` },
      Pump: { rating: ({ power }: { power?: number }) => `draws ${power}` },
    },
  },
  catalogue: {
    typeDefs: `
      type Stove @key(fields: "id") { id: ID! fuel: String }
      type Pump @key(fields: "id") { id: ID! power: Int }`,
    resolvers: { Stove: { fuel: () => "wood" }, Pump: { power: () => 7 } },
  },
};

test("a @requires that goes through an interface sends of each object what its type has", async () => {
  const { ask, requests } = await federated(HOMES);
  const { data } = await ask("{ homes { cost } }");
  expect(data.homes.map(({ cost }: { cost: string }) => JSON.parse(cost))).toEqual([
    [{ __typename: "Stove", id: "s1", fuel: "wood" }, null, { __typename: "Pump", id: "p1", power: 7 }],
    null,
  ]);
  expect(new Set(requests.map(({ subgraph }) => subgraph))).toEqual(new Set(["register", "survey", "catalogue"]));
});

test("a field of an interface is computed, of each object from what its type requires", async () => {
  const { ask } = await federated(HOMES);
  expect(await ask("{ heatings { rating __typename } homes { heating { rating } } }")).toEqual({
    data: {
      heatings: [{ rating: "draws 7", __typename: "Pump" }, null, { rating: "burns wood", __typename: "Stove" }],
      homes: [{ heating: [{ rating: "burns wood" }, null, { rating: "draws 7" }] }, { heating: null }],
    },
  });
});

test("a repaired plan sends the type of an entity, of which a @requires reads the type of something inside", async () => {
  const { ask } = await federated(HOMES);
  expect(await ask("{ homes { tax } surveyed { colour worth } }")).toEqual({
    data: { homes: [{ tax: 51 }, { tax: 101 }], surveyed: [{ colour: "red", worth: 150 }] },
  });
});

test("what lacks an input inside another object has the failure that the input has", async () => {
  const catalogue: TestSubgraph = { ...HOMES["catalogue"]!, answer: (_, response) => json(response, "broken", 500) };
  const { ask } = await federated({ ...HOMES, catalogue });
  expect(await ask("{ homes { cost } }")).toEqual({
    data: { homes: [{ cost: null }, { cost: "null" }] },
    errors: [
      expect.objectContaining({
        path: ["homes", 0, "cost"],
        extensions: { code: "SUBGRAPH_BAD_RESPONSE", service: "catalogue" },
      }),
    ],
  });
});

const ITEMS: Record<string, TestSubgraph> = {
  kinds: {
    typeDefs: `
      type Query { items: [Item] }
      interface Item @key(fields: "id") { id: ID! tag: String }
      type Book implements Item @key(fields: "id") { id: ID! tag: String }
      type Disc implements Item @key(fields: "id") { id: ID! tag: String }`,
    resolvers: {
      Query: {
        items: () => [
          { __typename: "Book", id: "b1", tag: "blue" },
          { __typename: "Disc", id: "d1", tag: "black" },
        ],
      },
      Item: { __resolveReference: ({ id }: { id: string }) => ({ __typename: "Book", id }) },
    },
  },
  labels: {
    typeDefs: `
      type Query { labels: Int }
      type Item @key(fields: "id") @interfaceObject { id: ID! tag: String @external label: String @requires(fields: "tag") }`,
    resolvers: {
      Item: { label: ({ id, tag }: { id?: string; tag?: string }) => `${id} ${tag}` },
    },
  },
};

const BLUE = { __typename: "Item", id: "b1", tag: "blue" };
const BLACK = { __typename: "Item", id: "d1", tag: "black" };

test.each([
  ["{ items { ... on Book { label } } }", [{ label: "b1 blue" }, {}], [BLUE]],
  ["{ items { tag ... on Book { label } } }", [{ tag: "blue", label: "b1 blue" }, { tag: "black" }], [BLUE]],
  ["{ items { label } }", [{ label: "b1 blue" }, { label: "d1 black" }], [BLUE, BLACK]],
])(
  "a field of an interface object that requires another one is asked of those that it is selected on: %s",
  async (query, items, representations) => {
    const { ask, requests } = await federated(ITEMS);
    expect(await ask(query)).toEqual({ data: { items } });
    const sent = requests.filter(({ subgraph }) => subgraph === "labels").map(({ variables }) => variables);
    expect(sent).toEqual([{ representations }]);
  },
);
