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
