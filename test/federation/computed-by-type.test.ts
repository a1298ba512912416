import { expect, test } from "vitest";
import { federated } from "./federated.ts";

test("what is computed on one type does not hold up what is selected on another under the same name", async () => {
  const { ask } = await federated({
    desk: {
      typeDefs: `
        type Query { pets: [Pet]! }
        interface Pet { id: ID! }
        type Cat implements Pet @key(fields: "id") { id: ID! food: [String] @external diet: String @requires(fields: "food") toys: [String] }
        type Dog implements Pet @key(fields: "id") { id: ID! }`,
      resolvers: {
        Query: {
          pets: () => [
            { __typename: "Cat", id: "c" },
            { __typename: "Dog", id: "d" },
          ],
        },
        Cat: {
          __resolveReference: (reference: unknown) => reference,
          diet: ({ food }: { food: string[] }) => food.join(),
          toys: () => ["ball"],
        },
      },
    },
    home: {
      typeDefs: `
        interface Pet { id: ID! }
        type Cat implements Pet @key(fields: "id") { id: ID! kin: Cat food: [String] }
        type Dog implements Pet @key(fields: "id") { id: ID! kin: Cat }`,
      resolvers: { Cat: { kin: () => ({ id: "k" }), food: () => ["fish"] }, Dog: { kin: () => ({ id: "k" }) } },
    },
  });
  expect(await ask("{ pets { ... on Cat { kin { diet } } ... on Dog { kin { toys } } } }")).toEqual({
    data: { pets: [{ kin: { diet: "fish" } }, { kin: { toys: ["ball"] } }] },
  });
});
