import { GraphQLError } from "graphql";
import { describe, expect, test } from "vitest";
import { federated, type Payload, type TestSubgraph } from "./federated.ts";

const lost = () => {
  throw new GraphQLError("lost");
};

/** Of a book and a disc, where what another subgraph says of the disc is lost. */
const NODES = [
  { __typename: "Book", id: "b", maker: { id: "m1" } },
  { __typename: "Disc", id: "d", maker: { id: "m2" } },
];

/** One subgraph knows the types, the other one only that there are items. */
const ITEMS: Record<string, TestSubgraph> = {
  kinds: {
    typeDefs: `
      type Query { items: [Item!]! }
      interface Item @key(fields: "id") { id: ID! }
      type Book implements Item @key(fields: "id") { id: ID! }
      type Disc implements Item @key(fields: "id") { id: ID! }`,
    resolvers: { Query: { items: () => NODES } },
  },
  stock: {
    typeDefs: `
      type Item @key(fields: "id") @interfaceObject { id: ID! price: Int! weight: Int! box: Box }
      type Box { width: Int! height: Int! }`,
    resolvers: {
      Item: {
        price: ({ id }: { id: string }) => (id === "d" ? lost() : 9),
        weight: () => 5,
        box: ({ id }: { id: string }) => ({ width: id === "d" ? lost : 1, height: 2 }),
      },
    },
  },
};

/** Objects of several types refer to the same kind of entity. */
const MAKERS: Record<string, TestSubgraph> = {
  kinds: {
    typeDefs: `
      type Query { items: [Item!]! things: [Thing!]! }
      interface Item { maker: Maker }
      type Book implements Item @key(fields: "id") { id: ID! maker: Maker }
      type Disc implements Item @key(fields: "id") { id: ID! maker: Maker }
      union Thing = Book | Disc
      type Maker @key(fields: "id") { id: ID! }`,
    resolvers: {
      Query: { items: () => NODES, things: () => NODES },
      Disc: { __resolveReference: () => NODES[1] },
    },
  },
  makers: {
    typeDefs: 'type Maker @key(fields: "id") { id: ID! name: String! city: String! founded: Int }',
    resolvers: {
      Maker: {
        name: ({ id }: { id: string }) => (id === "m2" ? lost() : "Anna"),
        city: () => "Graz",
        founded: () => 1_900,
      },
    },
  },
};

const lostAt = (...path: (string | number)[]) => [expect.objectContaining({ message: "lost", path })];

/** The parts after the first one. */
const later = (payloads: readonly Payload[]) => payloads.slice(1).flatMap(({ incremental }) => incremental ?? []);

describe("a null of what is selected on one type takes no object of another one", () => {
  test("whose field of the same name has something else in it", async () => {
    const { ask, requests } = await federated(MAKERS);
    expect(await ask("{ items { ... on Book { maker { name } } ... on Disc { maker { city } } } }")).toEqual({
      data: { items: [{ maker: { name: "Anna" } }, { maker: { city: "Graz" } }] },
    });
    expect(requests.map(({ subgraph }) => subgraph)).toEqual(["kinds", "makers"]);
  });

  test("whatever is selected on all of them", async () => {
    const { ask } = await federated(MAKERS);
    const query =
      "query ($with: Boolean!) { items { maker { city } ...B } } fragment B on Book { maker { name @include(if: $with) } }";
    expect(await ask(query, { with: true })).toEqual({
      data: { items: [{ maker: { city: "Graz", name: "Anna" } }, { maker: { city: "Graz" } }] },
    });
  });

  test("while a variable skips it there", async () => {
    const { ask } = await federated(MAKERS);
    const query = `query ($with: Boolean!) {
      things { ... on Book { maker { name city } } ... on Disc { maker { name @include(if: $with) city } } }
    }`;
    expect(await ask(query, { with: false })).toEqual({
      data: { things: [{ maker: { name: "Anna", city: "Graz" } }, { maker: { city: "Graz" } }] },
    });
    expect(await ask(query, { with: true })).toMatchObject({
      data: { things: [{ maker: { name: "Anna" } }, { maker: null }] },
      errors: lostAt("things", 1, "maker", "name"),
    });
  });

  test("in what an interface object has in it", async () => {
    const { ask } = await federated(ITEMS);
    expect(await ask("{ items { ... on Book { box { width height } } ... on Disc { box { height } } } }")).toEqual({
      data: { items: [{ box: { width: 1, height: 2 } }, { box: { height: 2 } }] },
    });
  });

  test("and what can do no harm is fetched together", async () => {
    const { ask, requests } = await federated(MAKERS);
    await ask("{ items { ... on Book { maker { founded city } } ... on Disc { maker { city } } } }");
    expect(requests[1]!.query).toBe(
      "query($representations:[_Any!]!){_entities(representations:$representations){...on Maker{founded city}}}",
    );
  });
});

describe("a field that one type needs at once and another one later", () => {
  test("comes later for that one, where a subgraph tells no types", async () => {
    const { askInParts, requests } = await federated(ITEMS);
    const query = '{ items { ... on Book { price weight } ... on Disc { weight ... @defer(label: "p") { price } } } }';
    expect(await askInParts(query)).toEqual([
      { data: { items: [{ price: 9, weight: 5 }, { weight: 5 }] }, hasNext: true },
      {
        incremental: [{ label: "p", path: ["items", 1], data: null, errors: lostAt("items", 1, "price") }],
        hasNext: false,
      },
    ]);
    expect(requests.map(({ variables }) => Object.values(variables).map((list: any) => list.length))).toEqual([
      [],
      [1, 1],
      [1],
    ]);
  });

  test("comes later inside an object, too", async () => {
    const { askInParts } = await federated(ITEMS);
    const [first, ...rest] = await askInParts(
      "{ items { ... on Book { box { width height } } ... on Disc { box { height } ... @defer { box { width } } } } }",
    );
    expect(first).toEqual({
      data: { items: [{ box: { width: 1, height: 2 } }, { box: { height: 2 } }] },
      hasNext: true,
    });
    expect(rest.flatMap(({ incremental }) => incremental)).toMatchObject([
      { path: ["items", 1], data: { box: null }, errors: lostAt("items", 1, "box", "width") },
    ]);
  });

  test.each([
    [
      "in the entity",
      "{ items { ... on Book { maker { name } } ... on Disc { maker { city ... @defer { name } } } } }",
    ],
    [
      "in the entity of a union",
      "{ items: things { ... on Book { maker { name } } ... on Disc { maker { city ... @defer { name } } } } }",
    ],
  ])("comes later %s that both refer to, and its error once", async (_, query) => {
    const { askInParts, requests } = await federated(MAKERS);
    const payloads = await askInParts(query);
    expect(payloads[0]).toEqual({
      data: { items: [{ maker: { name: "Anna" } }, { maker: { city: "Graz" } }] },
      hasNext: true,
    });
    expect(later(payloads)).toEqual([
      { path: ["items", 1, "maker"], data: null, errors: lostAt("items", 1, "maker", "name") },
    ]);
    const sent = requests
      .filter(({ subgraph }) => subgraph === "makers")
      .flatMap(({ variables }) => Object.values(variables));
    expect(sent.map((list: any) => list.map(({ id }: { id: string }) => id))).toEqual([["m1"], ["m2"], ["m2"]]);
  });

  test("is not fetched again for the first one", async () => {
    const { askInParts, requests } = await federated(MAKERS);
    const payloads = await askInParts(
      "{ items { ... on Book { maker { city } } ... on Disc @defer { maker { city } } } }",
    );
    expect(later(payloads)).toEqual([{ path: ["items", 1], data: { maker: { city: "Graz" } } }]);
    const makers = requests.filter(({ subgraph }) => subgraph === "makers").map(({ variables }) => variables);
    expect(makers.map(({ representations }: any) => representations.map(({ id }: any) => id))).toEqual([
      ["m1"],
      ["m2"],
    ]);
  });
});

test("a part that is deferred on all types comes for each, although one has something else beside it", async () => {
  const { askInParts } = await federated(MAKERS);
  const query = '{ items { maker { ... @defer(label: "n") { founded } } ... on Book { maker { name } } } }';
  const payloads = await askInParts(query);
  expect(payloads[0]).toEqual({ data: { items: [{ maker: { name: "Anna" } }, { maker: {} }] }, hasNext: true });
  expect(later(payloads)).toEqual([
    { label: "n", path: ["items", 0, "maker"], data: { founded: 1_900 } },
    { label: "n", path: ["items", 1, "maker"], data: { founded: 1_900 } },
  ]);
  expect(payloads.at(-1)!.hasNext).toBe(false);
});
