import { expect, test } from "vitest";
import { federated } from "./federated.ts";

// Plans of Apollo's planner that ask a subgraph for what it cannot resolve, or that let one field wait for what only
// another one needs.

const SURVEY = {
  register: {
    typeDefs: `
      type Query { homes: [Home!]! }
      type Home @key(fields: "id") {
        id: ID!
        area: Int @external
        street: Street @external
        worth: Int @requires(fields: "area street { noise }")
      }
      type Street @external { noise: Int }`,
    resolvers: {
      Query: { homes: () => [{ id: "1" }, { id: "2" }] },
      Home: {
        __resolveReference: (sent: unknown) => sent,
        worth: ({ area, street }: { area?: number; street?: { noise: number } }) =>
          area === undefined || street === undefined ? null : area * 10 - street.noise,
      },
    },
  },
  survey: {
    typeDefs: `
      type Home @key(fields: "id") {
        id: ID!
        area: Int
        street: Street
        built: Int
        worth: Int @external
        tax: Int @requires(fields: "worth")
      }
      type Street { noise: Int }`,
    resolvers: {
      Home: {
        __resolveReference: ({ id, worth }: { id: string; worth?: number }) => ({ id, worth, area: Number(id) * 50 }),
        street: () => ({ noise: 7 }),
        built: () => 1_990,
        tax: ({ worth }: { worth?: number }) => (worth === undefined ? null : worth + 1),
      },
    },
  },
};

test("a @requires of a field that requires something itself is resolved from the subgraph in the middle", async () => {
  const { ask } = await federated(SURVEY);
  expect(await ask("{ homes { tax } }")).toEqual({ data: { homes: [{ tax: 494 }, { tax: 994 }] } });
});

test("the fields of a repaired plan keep their aliases and conditions", async () => {
  const { ask } = await federated(SURVEY);
  const query = "query ($p: Boolean!) { all: homes { due: tax @include(if: $p) value: worth built } }";
  const [first, second] = [
    { value: 493, built: 1_990 },
    { value: 993, built: 1_990 },
  ];
  expect(await ask(query, { p: false })).toEqual({ data: { all: [first, second] } });
  expect(await ask(query, { p: true })).toEqual({
    data: {
      all: [
        { due: 494, ...first },
        { due: 994, ...second },
      ],
    },
  });
});

test("a field does not wait for the input of another one that is skipped", async () => {
  const { ask } = await federated({
    shelves: {
      typeDefs: `
        type Query { books: [Book!]! }
        type Book @key(fields: "isbn") { isbn: ID! pages: Int }`,
      resolvers: {
        Query: { books: () => [{ isbn: "1", pages: 90 }] },
        Book: { __resolveReference: ({ isbn }: { isbn: string }) => ({ isbn, pages: 90 }) },
      },
    },
    post: {
      typeDefs: `
        type Book @key(fields: "isbn") { isbn: ID! pages: Int @external title: String postage: Int @requires(fields: "pages") }`,
      resolvers: {
        Book: {
          __resolveReference: (sent: unknown) => sent,
          title: () => "Emma",
          postage: ({ pages }: { pages: number }) => pages * 2,
        },
      },
    },
  });
  const query = "query ($p: Boolean!) { books { title postage @skip(if: $p) } }";
  expect(await ask(query, { p: true })).toEqual({ data: { books: [{ title: "Emma" }] } });
  expect(await ask(query, { p: false })).toEqual({ data: { books: [{ title: "Emma", postage: 180 }] } });
});

test("what a @provides brings is sent back to the subgraph whose @requires asks for it", async () => {
  const { ask } = await federated({
    desk: {
      typeDefs: `
        type Query { desk: Desk }
        type Desk { clerk: Clerk @provides(fields: "grade") }
        type Clerk @key(fields: "id") { id: ID! grade: Int @external pay: Int @requires(fields: "grade") }`,
      resolvers: {
        Query: { desk: () => ({ clerk: { id: "1", grade: 4 } }) },
        Clerk: {
          __resolveReference: ({ grade }: { grade: number }) => ({ paidAs: grade }),
          pay: ({ paidAs }: { paidAs?: number }) => (paidAs === undefined ? null : paidAs * 100),
        },
      },
    },
    staff: {
      typeDefs: `type Clerk @key(fields: "id") { id: ID! grade: Int @shareable }`,
      resolvers: { Clerk: { __resolveReference: () => ({ grade: 4 }) } },
    },
  });
  expect(await ask("{ desk { clerk { pay } } }")).toEqual({ data: { desk: { clerk: { pay: 400 } } } });
});

test("what comes at once does not rely on a fetch for a deferred part that brings the same", async () => {
  const { askInParts } = await federated({
    shop: {
      typeDefs: `
        type Query { orders: [Order!]! }
        type Order @key(fields: "id") { id: ID! note: String }`,
      resolvers: { Query: { orders: () => [{ id: "1", note: "n" }] } },
    },
    desk: {
      typeDefs: `
        type Order @key(fields: "id") {
          id: ID! name: String note: String @external label: String @requires(fields: "note")
        }`,
      resolvers: {
        Order: {
          __resolveReference: (reference: unknown) => reference,
          name: () => "first",
          label: ({ note }: { note: string }) => `for ${note}`,
        },
      },
    },
  });
  const query = "query ($short: Boolean!) { orders { ... @defer { name } name label @skip(if: $short) } }";
  const [first, ...later] = await askInParts(query, { short: true });
  expect(first).toEqual({ data: { orders: [{ name: "first" }] }, hasNext: true });
  expect(later.flatMap(({ incremental }) => incremental)).toEqual([{ path: ["orders", 0], data: { name: "first" } }]);
  const [whole] = await askInParts(query, { short: false });
  expect(whole!.data).toEqual({ orders: [{ name: "first", label: "for n" }] });
});
