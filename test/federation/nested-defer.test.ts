import { GraphQLError } from "graphql";
import { describe, expect, test } from "vitest";
import { eventually } from "@mib/testkit/eventually";
import { federated, json, type Payload, type TestSubgraph } from "./federated.ts";

const SHOP: TestSubgraph = {
  typeDefs: `
    type Query { order: Order orders: [Order!]! }
    type Order @key(fields: "id") { id: ID! note: String }`,
  resolvers: {
    Query: { order: () => ({ id: "1", note: "n" }), orders: () => [{ id: "1" }, { id: "2" }] },
    Order: { __resolveReference: ({ id }: { id: string }) => ({ id, note: "n" }) },
  },
};
const SHIPPING: TestSubgraph = {
  typeDefs:
    'type Order @key(fields: "id") { id: ID! arrival: String! box: Box! } type Box @key(fields: "code") { code: ID! }',
  resolvers: {
    Order: {
      arrival: ({ id }: { id: string }) => {
        if (id === "2") throw new GraphQLError("lost");
        return `day ${id}`;
      },
      box: ({ id }: { id: string }) => ({ code: `b${id}` }),
    },
  },
};
const BOXES: TestSubgraph = {
  typeDefs: 'type Box @key(fields: "code") { code: ID! volume: Int! }',
  resolvers: { Box: { volume: () => 5 } },
};
const PAYMENTS: TestSubgraph = {
  typeDefs: 'type Order @key(fields: "id") { id: ID! paid: Boolean! }',
  resolvers: { Order: { paid: () => true } },
};

const ITEMS: Record<string, TestSubgraph> = {
  shelves: {
    typeDefs: `
      type Query { shelf: Shelf }
      type Shelf @key(fields: "id") { id: ID! }
      type Item @key(fields: "id") @interfaceObject { id: ID! place: Int! }`,
    resolvers: { Query: { shelf: () => ({ id: "1" }) }, Item: { place: () => 1 } },
  },
  contents: {
    typeDefs: `
      type Shelf @key(fields: "id") { id: ID! items: [Item!]! }
      type Item @key(fields: "id") @interfaceObject { id: ID! }`,
    resolvers: { Shelf: { items: () => [{ id: "b1" }, { id: "d1" }] } },
  },
  kinds: {
    typeDefs: `
      interface Item @key(fields: "id") { id: ID! }
      type Book implements Item @key(fields: "id") { id: ID! pages: Int! }
      type Disc implements Item @key(fields: "id") { id: ID! }`,
    resolvers: {
      Item: {
        __resolveReference: ({ id }: { id: string }) => ({ id, __typename: id.startsWith("b") ? "Book" : "Disc" }),
      },
      Book: {
        pages() {
          throw new GraphQLError("lost");
        },
      },
    },
  },
};

const partsOf = (payloads: readonly Payload[]) => payloads.flatMap(({ incremental }) => incremental ?? []);

describe("a part inside another one", () => {
  const query = `{ order { note ... @defer(label: "outer") { arrival ... @defer(label: "inner") { paid } } } }`;

  /** The payloads as they come, where `slow` answers when it is told to. */
  async function heldBack(slow: "shipping" | "payments") {
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const entity = slow === "shipping" ? { arrival: "late" } : { paid: false };
    const answer: TestSubgraph["answer"] = (_, response) =>
      void released.then(() => json(response, { data: { _entities: [entity] } }));
    const all = { shop: SHOP, shipping: SHIPPING, boxes: BOXES, payments: PAYMENTS };
    const { federation, requests } = await federated({ ...all, [slow]: { ...all[slow], answer } });
    const prepared = await federation.prepare({ query });
    if ("errors" in prepared) throw new Error("not prepared");
    const payloads = (await prepared.incremental!({}))!.execute(
      { headersFor: () => ({}), signal: new AbortController().signal },
      {},
    );
    const next = async () => JSON.parse((await payloads.next()).value!.text) as Payload;
    return { next, release, requests };
  }

  test("waits for it, although what it needs is asked for at the same time", async () => {
    const { next, release, requests } = await heldBack("shipping");
    expect(await next()).toEqual({ data: { order: { note: "n" } }, hasNext: true });
    const second = next();
    await eventually(() => expect(requests.map(({ subgraph }) => subgraph)).toContain("payments"));
    release();
    const payloads = [await second];
    while (payloads.at(-1)!.hasNext) payloads.push(await next());
    expect(partsOf(payloads)).toEqual([
      { label: "outer", path: ["order"], data: { arrival: "late" } },
      { label: "inner", path: ["order"], data: { paid: true } },
    ]);
  });

  test("does not hold it up", async () => {
    const { next, release } = await heldBack("payments");
    await next();
    expect(await next()).toEqual({
      incremental: [{ label: "outer", path: ["order"], data: { arrival: "day 1" } }],
      hasNext: true,
    });
    release();
    expect(await next()).toEqual({
      incremental: [{ label: "inner", path: ["order"], data: { paid: false } }],
      hasNext: false,
    });
  });
});

test("parts three deep come once for each object, each after the one around it, and none inside a null", async () => {
  const { askInParts } = await federated({ shop: SHOP, shipping: SHIPPING, boxes: BOXES, payments: PAYMENTS });
  const payloads = await askInParts(`{
    orders { id ... @defer(label: "a") { arrival ... @defer(label: "b") { box { code ... @defer(label: "c") { volume } } } } }
  }`);
  expect(payloads[0]).toEqual({ data: { orders: [{ id: "1" }, { id: "2" }] }, hasNext: true });
  expect(partsOf(payloads)).toEqual([
    { label: "a", path: ["orders", 0], data: { arrival: "day 1" } },
    {
      label: "a",
      path: ["orders", 1],
      data: null,
      errors: [expect.objectContaining({ path: ["orders", 1, "arrival"] })],
    },
    { label: "b", path: ["orders", 0], data: { box: { code: "b1" } } },
    { label: "c", path: ["orders", 0, "box"], data: { volume: 5 } },
  ]);
  expect(payloads.map(({ hasNext }) => hasNext)).toEqual([...payloads.slice(1).map(() => true), false]);
});

test("a null of an inner part does not take what the outer one brings from the same subgraph", async () => {
  const { askInParts } = await federated({ shop: SHOP, shipping: SHIPPING, boxes: BOXES, payments: PAYMENTS });
  const payloads = await askInParts(
    `{ orders { id ... @defer(label: "a") { box { code } ... @defer(label: "b") { arrival } } } }`,
  );
  expect(partsOf(payloads)).toMatchObject([
    { label: "a", path: ["orders", 0], data: { box: { code: "b1" } } },
    { label: "a", path: ["orders", 1], data: { box: { code: "b2" } } },
    { label: "b", path: ["orders", 0], data: { arrival: "day 1" } },
    { label: "b", path: ["orders", 1], data: null, errors: [{ path: ["orders", 1, "arrival"] }] },
  ]);
});

test("a null of an inner part takes no object of the outer one whose type was told along with it", async () => {
  const { askInParts } = await federated(ITEMS);
  const payloads = await askInParts(
    '{ shelf { id ... @defer(label: "a") { items { ... on Book @defer(label: "b") { pages } } } } }',
  );
  expect(partsOf(payloads)).toMatchObject([
    { label: "a", path: ["shelf"], data: { items: [{}, {}] } },
    { label: "b", path: ["shelf", "items", 0], data: null, errors: [{ path: ["shelf", "items", 0, "pages"] }] },
  ]);
});
