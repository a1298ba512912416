import { expect, test } from "vitest";
import { federated } from "./federated.ts";

const KEY = '@key(fields: "id")';

test.each(["Hall", "Yard"])(
  "what takes several fetches is done for objects of one path that come from several: %s",
  async (kind) => {
    const { ask } = await federated({
      places: {
        typeDefs: `
        type Query { place: Place }
        union Place = Hall | Yard
        type Hall ${KEY} { id: ID! }
        type Yard ${KEY} { id: ID! }`,
        resolvers: { Query: { place: () => ({ __typename: kind, id: "p" }) } },
      },
      halls: {
        typeDefs: `
        type Hall ${KEY} { id: ID! desk: Desk }
        type Desk ${KEY} { id: ID! rank: Int @external cost: Int @requires(fields: "rank") }`,
        resolvers: {
          Hall: { desk: () => ({ id: "d" }) },
          Desk: { cost: ({ rank }: { rank: number }) => rank * 10 },
        },
      },
      yards: {
        typeDefs: `
        type Yard ${KEY} { id: ID! desk: Desk }
        type Desk ${KEY} { id: ID! rank: Int cost: Int @external price: Int @requires(fields: "cost") }`,
        resolvers: {
          Yard: { desk: () => ({ id: "d" }) },
          Desk: { rank: () => 4, price: ({ cost }: { cost: number }) => cost + 1 },
        },
      },
    });
    expect(await ask("{ place { ... on Hall { desk { id price } } ... on Yard { desk { id price } } } }")).toEqual({
      data: { place: { desk: { id: "d", price: 41 } } },
    });
  },
);
