import { GraphQLError } from "graphql";
import { describe, expect, test } from "vitest";
import { federated, json, type Payload, type TestSubgraph } from "./federated.ts";

const ORDERS = [
  {
    id: "1",
    note: "first",
    address: { street: 'A "1"', city: "B" },
    payment: { __typename: "Card", id: "p1", digits: "42" },
  },
  { id: "2", note: null, address: null, payment: { __typename: "Cash", id: "p2" } },
  { id: "3", note: "third", address: { street: "C", city: "D" }, payment: null },
];

const SHOP: TestSubgraph = {
  typeDefs: `
    type Query { order(id: ID!): Order orders: [Order!]! version: String }
    type Mutation { place(note: String): Order }
    type Order @key(fields: "id") { id: ID! note: String address: Address payment: Payment }
    type Address { street: String! city: String }
    interface Payment { id: ID! }
    type Card implements Payment { id: ID! digits: String }
    type Cash implements Payment { id: ID! }`,
  resolvers: {
    Query: {
      order: (_: unknown, { id }: { id: string }) => ORDERS.find((order) => order.id === id) ?? { id },
      orders: () => ORDERS,
      version: () => "7",
    },
    Mutation: { place: (_: unknown, { note }: { note: string }) => ({ ...ORDERS[0], note }) },
    Order: { __resolveReference: ({ id }: { id: string }) => ORDERS.find((order) => order.id === id) },
  },
};

const SHIPPING: TestSubgraph = {
  typeDefs: `
    type Query { depots: [String!] }
    type Order @key(fields: "id") { id: ID! arrival: String weight: Int! box: Box log(most: Int): [String] }
    type Box @key(fields: "code") { code: ID! colour: String }`,
  resolvers: {
    Query: { depots: () => ["north", "south"] },
    Order: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      arrival: ({ id }: { id: string }) => `day ${id}`,
      weight: ({ id }: { id: string }) => {
        if (id === "2") throw new GraphQLError("no scale", { extensions: { code: "SCALE" } });
        return Number(id);
      },
      box: ({ id }: { id: string }) => ({ code: `b${id}`, colour: "red" }),
      log: (_: unknown, { most }: { most: number | null }) => ["in", "out"].slice(0, most ?? 2),
    },
  },
};

const BOXES: TestSubgraph = {
  typeDefs: `type Query { boxes: Int } type Box @key(fields: "code") { code: ID! volume: Int }`,
  resolvers: { Box: { __resolveReference: ({ code }: { code: string }) => ({ code, volume: 5 }) } },
};

/** One subgraph knows the items as objects, another one which kind of item each is. */
const ITEMS: Record<string, TestSubgraph> = {
  shelves: {
    typeDefs: `
      type Query { items: [Item] }
      type Item @key(fields: "id") @interfaceObject { id: ID! shelf: Int }`,
    resolvers: {
      Query: { items: () => [{ id: "b1" }, { id: "d1" }] },
      Item: {
        shelf() {
          throw new Error("no shelf");
        },
      },
    },
  },
  kinds: {
    typeDefs: `
      interface Item @key(fields: "id") { id: ID! }
      type Book implements Item @key(fields: "id") { id: ID! }
      type Disc implements Item @key(fields: "id") { id: ID! }`,
    resolvers: {
      Item: {
        __resolveReference: ({ id }: { id: string }) => ({ __typename: id.startsWith("b") ? "Book" : "Disc", id }),
      },
    },
  },
  books: {
    typeDefs: 'type Book @key(fields: "id") { id: ID! pages: Int }',
    resolvers: { Book: { pages: () => 300 } },
  },
};

const shop = () => federated({ shop: SHOP, shipping: SHIPPING, boxes: BOXES });

/** What a client has when it has put every part where it belongs. */
function merged(payloads: readonly Payload[]): unknown {
  const merge = (known: any, part: any): any => {
    if (typeof known !== "object" || known === null || typeof part !== "object" || part === null) return part;
    for (const key of Object.keys(part)) known[key] = key in known ? merge(known[key], part[key]) : part[key];
    return known;
  };
  const root = { data: structuredClone(payloads[0]!.data) };
  for (const { path, data } of payloads.flatMap(({ incremental }) => incremental ?? [])) {
    const way = ["data", ...path];
    const parent = way.slice(0, -1).reduce((value: any, step) => value[step], root);
    parent[way.at(-1)!] = merge(parent[way.at(-1)!], data);
  }
  return root.data;
}

/** What becomes of fields that are there in any order. */
const sorted = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, each) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );

test("the deferred part comes after the rest, with its label and path", async () => {
  const { askInParts } = await shop();
  expect(await askInParts('{ order(id: "1") { note ... @defer(label: "later") { arrival } } }')).toEqual([
    { data: { order: { note: "first" } }, hasNext: true },
    { incremental: [{ label: "later", path: ["order"], data: { arrival: "day 1" } }], hasNext: false },
  ]);
});

test("what is not deferred does not wait for what is", async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const { federation } = await federated({
    shop: SHOP,
    boxes: BOXES,
    shipping: {
      ...SHIPPING,
      answer: (_, response) =>
        void released.then(() => json(response, { data: { _entities: [{ arrival: "at last" }] } })),
    },
  });
  const prepared = await federation.prepare({ query: '{ order(id: "1") { note ... @defer { arrival } } }' });
  if ("errors" in prepared) throw new Error("not prepared");
  const incremental = (await prepared.incremental!({}))!;
  const payloads = incremental.execute({ headersFor: () => ({}), signal: new AbortController().signal }, {});
  expect(JSON.parse((await payloads.next()).value!.text)).toEqual({
    data: { order: { note: "first" } },
    hasNext: true,
  });
  release();
  expect(JSON.parse((await payloads.next()).value!.text).incremental).toEqual([
    { path: ["order"], data: { arrival: "at last" } },
  ]);
  expect((await payloads.next()).done).toBe(true);
});

test("each object of a list gets its part, and a null gets none", async () => {
  const { askInParts } = await shop();
  const payloads = await askInParts(
    '{ orders { id ... @defer { arrival } address { city ... @defer(label: "s") { street } } } }',
  );
  const parts = payloads.flatMap(({ incremental }) => incremental ?? []);
  expect(parts.filter(({ label }) => label === "s")).toEqual([
    { label: "s", path: ["orders", 0, "address"], data: { street: 'A "1"' } },
    { label: "s", path: ["orders", 2, "address"], data: { street: "C" } },
  ]);
  expect(parts.filter(({ label }) => label === undefined)).toEqual(
    [1, 2, 3].map((id, index) => ({ path: ["orders", index], data: { arrival: `day ${id}` } })),
  );
});

test("a deferred part inside another one comes after it", async () => {
  const { askInParts } = await shop();
  const payloads = await askInParts(
    '{ order(id: "1") { id ... @defer(label: "a") { box { code ... @defer(label: "b") { volume } } } } }',
  );
  expect(payloads.flatMap(({ incremental }) => incremental ?? [])).toEqual([
    { label: "a", path: ["order"], data: { box: { code: "b1" } } },
    { label: "b", path: ["order", "box"], data: { volume: 5 } },
  ]);
  expect(payloads.map(({ hasNext }) => hasNext)).toEqual([true, true, false]);
});

test("a fragment that is spread twice at one place brings its deferred part once", async () => {
  const { askInParts } = await shop();
  const payloads = await askInParts(
    `{ order(id: "1") { ...F ... { ...F } ... @defer(label: "b") { note ...F } } }
     fragment F on Order { box { code ... @defer(label: "a") { volume } } }`,
  );
  const parts = payloads.flatMap(({ incremental }) => incremental ?? []);
  expect(parts.filter(({ label }) => label === "a")).toEqual([
    { label: "a", path: ["order", "box"], data: { volume: 5 } },
  ]);
});

test("a part that depends on a type comes for objects that a subgraph knows only as an interface", async () => {
  const { askInParts } = await federated({
    media: {
      typeDefs: `
        type Query { media: Int }
        interface Medium @key(fields: "id") { id: ID! }
        type Book implements Medium @key(fields: "id") { id: ID! pages: Int }
        type Film implements Medium @key(fields: "id") { id: ID! minutes: Int }`,
      resolvers: {
        Medium: {
          __resolveReference: ({ id }: { id: string }) => ({ id, __typename: id.startsWith("b") ? "Book" : "Film" }),
        },
        Book: { pages: () => 7 },
      },
    },
    shelves: {
      typeDefs: `
        type Query { shelf: [Medium!]! }
        type Medium @key(fields: "id") @interfaceObject { id: ID! place: String }`,
      resolvers: { Query: { shelf: () => [{ id: "b1" }, { id: "f1" }] }, Medium: { place: () => "top" } },
    },
  });
  const query = `query ($with: Boolean!) {
    shelf { place ... on Book @defer(label: "a") { pages @include(if: $with) } ... @defer(label: "b") { ... on Film { id } } }
  }`;
  for (const pages of [7, undefined]) {
    const payloads = await askInParts(query, { with: pages !== undefined });
    const parts = payloads.flatMap(({ incremental }) => incremental ?? []);
    expect(parts.filter(({ label }) => label === "a")).toEqual([
      { label: "a", path: ["shelf", 0], data: pages === undefined ? {} : { pages } },
    ]);
    expect(parts.filter(({ label }) => label === "b").map(({ data }) => data)).toEqual([{}, { id: "f1" }]);
  }
});

test("a part tells the type of an object that said only its interface before", async () => {
  const { askInParts } = await federated({
    shelves: {
      typeDefs: `
        type Query { items: [Item] }
        type Item @key(fields: "id") @interfaceObject { id: ID! shelf: Int }`,
      resolvers: { Query: { items: () => [{ id: "b1" }, { id: "d1" }] }, Item: { shelf: () => 4 } },
    },
    kinds: ITEMS["kinds"]!,
    books: ITEMS["books"]!,
  });
  const payloads = await askInParts("{ items { shelf ... @defer { __typename } } }");
  expect(payloads[0]!.data).toEqual({ items: [{ shelf: 4 }, { shelf: 4 }] });
  expect(payloads.flatMap(({ incremental }) => incremental ?? [])).toEqual([
    { path: ["items", 0], data: { __typename: "Book" } },
    { path: ["items", 1], data: { __typename: "Disc" } },
  ]);
});

test("a null of a part takes no object whose type was told along with it", async () => {
  const { askInParts } = await federated({
    shelves: ITEMS["shelves"]!,
    kinds: {
      typeDefs: `
        interface Item @key(fields: "id") { id: ID! }
        type Book implements Item @key(fields: "id") { id: ID! pages: Int! author: Author! }
        type Disc implements Item @key(fields: "id") { id: ID! }
        type Author @key(fields: "name") { name: String! }`,
      resolvers: {
        Item: { __resolveReference: ({ id }: { id: string }) => ({ id, __typename: id === "b1" ? "Book" : "Disc" }) },
        Book: {
          pages() {
            throw new GraphQLError("lost");
          },
          author: () => ({ name: "A" }),
        },
      },
    },
    authors: {
      typeDefs: 'type Author @key(fields: "name") { name: String! born: Int! }',
      resolvers: { Author: { born: () => 1_900 } },
    },
  });
  const payloads = await askInParts('{ items { ... on Book @defer(label: "p") { pages } } }');
  expect(payloads[0]).toEqual({ data: { items: [{}, {}] }, hasNext: true });
  expect(payloads.slice(1)).toMatchObject([
    {
      incremental: [{ label: "p", path: ["items", 0], data: null, errors: [{ path: ["items", 0, "pages"] }] }],
      hasNext: false,
    },
  ]);
  const [first, second] = await askInParts("{ items { __typename ... on Book @defer { author { born } } } }");
  expect(first).toEqual({ data: { items: [{ __typename: "Book" }, { __typename: "Disc" }] }, hasNext: true });
  expect(second).toEqual({
    incremental: [{ path: ["items", 0], data: { author: { born: 1_900 } } }],
    hasNext: false,
  });
});

describe("in parts or whole, the answer is the same", () => {
  test.each([
    '{ order(id: "1") { ...F @defer } } fragment F on Order { note arrival box { colour volume } }',
    "{ orders { ... @defer { arrival ... @defer { box { volume } } } note } }",
    "{ ... @defer { version orders { note } } depots }",
    "{ ... @defer { version } ... @defer { orders { id arrival } } }",
    "{ orders { note } ... @defer { orders { arrival log(most: 1) } } }",
    "{ orders { log ... @defer { box { code: colour arrival: code } } } }",
    '{ orders { payment { __typename ... on Card @defer { digits } ... on Cash @defer(label: "cash") { id } } } }',
    "{ orders { payment { ... @defer { id } } } }",
    "{ orders { id ...A ...B @defer } } fragment A on Order { box { code } } fragment B on Order { ...A box { volume } }",
    "{ orders { ... @defer { note } ... @defer { note arrival } } }",
    "{ orders { ... @defer { __typename } address { ... @defer { city } } } __typename }",
    "{ ... @defer { __typename __schema { queryType { name } } version } }",
    '{ a: order(id: "1") { ...F } b: order(id: "3") { ...F } } fragment F on Order { ... @defer(label: "x") { arrival box { volume } } }',
    'mutation { place(note: "n") { note ... @defer { arrival } } }',
    'mutation { ... @defer { place(note: "n") { note } } again: place(note: "m") { note } }',
  ])("%s", async (query) => {
    const { ask, askInParts } = await shop();
    const whole = await ask(query);
    const payloads = await askInParts(query);
    expect(whole.errors).toBeUndefined();
    expect(sorted(merged(payloads))).toEqual(sorted(whole.data));
    expect(payloads.slice(1).flatMap(({ incremental }) => incremental!.flatMap(({ errors }) => errors ?? []))).toEqual(
      [],
    );
    expect(payloads.at(-1)!.hasNext ?? false).toBe(false);
  });
});

describe("conditions", () => {
  const query = `query ($now: Boolean, $with: Boolean!) {
    order(id: "1") { note ... @defer(if: $now, label: "l") @include(if: $with) { arrival } }
  }`;

  test.each([
    [{ with: true }, 2, { note: "first", arrival: "day 1" }],
    [{ now: true, with: true }, 2, { note: "first", arrival: "day 1" }],
    [{ now: false, with: true }, 1, { note: "first", arrival: "day 1" }],
    [{ now: true, with: false }, 1, { note: "first" }],
    [{ now: false, with: false }, 1, { note: "first" }],
  ])("%j", async (variables, count, order) => {
    const { askInParts } = await shop();
    const payloads = await askInParts(query, variables);
    expect(payloads.length).toBe(count);
    expect(merged(payloads)).toEqual({ order });
  });

  test("a fragment under if: false is not deferred", async () => {
    const { askInParts } = await shop();
    expect(await askInParts('{ order(id: "1") { ... @defer(if: false) { arrival } } }')).toEqual([
      { data: { order: { arrival: "day 1" } } },
    ]);
  });
});

describe("what goes wrong in a deferred part stays in it", () => {
  test("a null of a required field takes the part, and only that of its object", async () => {
    const { askInParts } = await shop();
    expect(await askInParts("{ orders { id ... @defer { weight } } }")).toEqual([
      { data: { orders: [{ id: "1" }, { id: "2" }, { id: "3" }] }, hasNext: true },
      {
        incremental: [
          { path: ["orders", 0], data: { weight: 1 } },
          {
            path: ["orders", 1],
            data: null,
            errors: [
              {
                message: "no scale",
                path: ["orders", 1, "weight"],
                extensions: { code: "SCALE", service: "shipping" },
              },
            ],
          },
          { path: ["orders", 2], data: { weight: 3 } },
        ],
        hasNext: false,
      },
    ]);
  });

  test("an object that a null took before has no part, and its errors are no other one's", async () => {
    const { askInParts } = await federated({
      shop: { ...SHOP, typeDefs: SHOP.typeDefs.replace("orders: [Order!]!", "orders: [Order]") },
      shipping: {
        ...SHIPPING,
        resolvers: {
          Order: {
            ...(SHIPPING.resolvers!["Order"] as Record<string, unknown>),
            arrival({ id }: { id: string }) {
              throw new GraphQLError(`lost ${id}`);
            },
          },
        },
      },
    });
    const payloads = await askInParts("{ orders { weight ... @defer { arrival } } }");
    expect(payloads[0]!.data).toEqual({ orders: [{ weight: 1 }, null, { weight: 3 }] });
    expect(payloads.flatMap(({ incremental }) => incremental ?? [])).toEqual(
      ["1", "3"].map((id) => ({
        path: ["orders", Number(id) - 1],
        data: { arrival: null },
        errors: [expect.objectContaining({ message: `lost ${id}`, path: ["orders", Number(id) - 1, "arrival"] })],
      })),
    );
  });

  test("a subgraph that fails leaves the other parts as they are", async () => {
    const { askInParts } = await federated({
      shop: SHOP,
      boxes: BOXES,
      shipping: { ...SHIPPING, answer: (_, response) => json(response, "broken", 500) },
    });
    const payloads = await askInParts(
      '{ order(id: "1") { note ... @defer { arrival } ... @defer(label: "a") { address { city } } } }',
    );
    const parts = payloads.flatMap(({ incremental }) => incremental ?? []);
    expect(payloads[0]).toEqual({ data: { order: { note: "first" } }, hasNext: true });
    expect(parts).toContainEqual({ label: "a", path: ["order"], data: { address: { city: "B" } } });
    expect(parts).toContainEqual({
      path: ["order"],
      data: { arrival: null },
      errors: [
        {
          message: expect.any(String),
          path: ["order", "arrival"],
          extensions: { code: "SUBGRAPH_BAD_RESPONSE", service: "shipping" },
        },
      ],
    });
  });

  describe("an object that a null took out of the answer gets no part", () => {
    const broken = () =>
      federated({
        shop: SHOP,
        boxes: BOXES,
        shipping: {
          ...SHIPPING,
          answer: (_, response) =>
            json(response, { data: { _entities: [{ box: { __typename: "Box", code: "b" }, weight: null }] } }),
        },
      });

    test("which came at once", async () => {
      const { askInParts } = await broken();
      expect(await askInParts('{ order(id: "1") { box { code ... @defer { volume } } weight } version }')).toEqual([
        {
          data: { order: null, version: "7" },
          errors: [expect.objectContaining({ path: ["order", "weight"] })],
          hasNext: false,
        },
      ]);
    });

    test("which was deferred itself", async () => {
      const { askInParts } = await broken();
      const payloads = await askInParts(
        '{ order(id: "1") { id ... @defer { box { ... @defer { volume } } weight } } }',
      );
      expect(payloads.slice(1)).toEqual([
        {
          incremental: [
            { path: ["order"], data: null, errors: [expect.objectContaining({ path: ["order", "weight"] })] },
          ],
          hasNext: false,
        },
      ]);
    });
  });
});

test("a key with a quote in it reaches the subgraph of a deferred part", async () => {
  const { askInParts } = await shop();
  expect(merged(await askInParts(`{ order(id: "q\\"") { id ... @defer { arrival } } }`))).toEqual({
    order: { id: 'q"', arrival: 'day q"' },
  });
});

test("a deferred fragment that repeats the type around it is planned, under an interface that is an object elsewhere", async () => {
  const { askInParts } = await federated(ITEMS);
  expect(await askInParts("{ items { ... on Book { ... on Book @defer { pages } } } }")).toEqual([
    { data: { items: [{}, {}] }, hasNext: true },
    { incremental: [{ path: ["items", 0], data: { pages: 300 } }], hasNext: false },
  ]);
});

test("an error of a deferred field comes with its part, although the field was fetched before", async () => {
  const { askInParts } = await federated(ITEMS);
  const [first, ...later] = await askInParts("{ items { ... @defer { ... on Book { shelf } } } }");
  expect(first).toEqual({ data: { items: [{}, {}] }, hasNext: true });
  expect(later.flatMap(({ incremental }) => incremental)).toEqual([
    {
      path: ["items", 0],
      data: { shelf: null },
      errors: [expect.objectContaining({ message: "no shelf", path: ["items", 0, "shelf"] })],
    },
    { path: ["items", 1], data: {} },
  ]);
});

test("the fields of a mutation are not deferred, what is inside them is", async () => {
  const { askInParts } = await shop();
  const payloads = await askInParts('mutation { ... @defer { place(note: "n") { note ... @defer { arrival } } } }');
  expect(payloads.map(({ data, incremental }) => data ?? incremental)).toEqual([
    { place: { note: "n" } },
    [{ path: ["place"], data: { arrival: "day 1" } }],
  ]);
});

test("a call that is given up ends, and says so in the parts that are missing", async () => {
  const { federation } = await federated({ shop: SHOP, boxes: BOXES, shipping: { ...SHIPPING, answer: () => {} } });
  const prepared = await federation.prepare({ query: '{ order(id: "1") { note ... @defer { arrival } } }' });
  if ("errors" in prepared) throw new Error("not prepared");
  const caller = new AbortController();
  const payloads = (await prepared.incremental!({}))!.execute({ headersFor: () => ({}), signal: caller.signal }, {});
  await payloads.next();
  caller.abort();
  expect(JSON.parse((await payloads.next()).value!.text)).toMatchObject({
    incremental: [{ path: ["order"], errors: [{ extensions: { code: "TIMEOUT" } }] }],
    hasNext: false,
  });
});

test.each([
  ["the same label twice", '{ order(id: "1") { ... @defer(label: "l") { note } ... @defer(label: "l") { id } } }'],
  ["a label that a variable gives", 'query ($l: String) { order(id: "1") { ... @defer(label: $l) { note } } }'],
  ["a field that is deferred", '{ order(id: "1") @defer { note } }'],
])("%s is refused", async (_, query) => {
  const { askInParts } = await shop();
  const [payload] = await askInParts(query);
  expect(payload!.errors?.[0]?.extensions["code"]).toBe("GRAPHQL_VALIDATION_FAILED");
});

test("introspection shows the directive", async () => {
  const { ask } = await shop();
  const { data } = await ask("{ __schema { directives { name locations args { name } } } }");
  expect(data.__schema.directives).toContainEqual({
    name: "defer",
    locations: ["FRAGMENT_SPREAD", "INLINE_FRAGMENT"],
    args: [{ name: "label" }, { name: "if" }],
  });
});

test("a deferred part never holds up a request of another part", async () => {
  const { askInParts, requests } = await shop();
  await askInParts('{ order(id: "1") { arrival ... @defer { box { colour } } } }');
  expect(requests.map(({ subgraph }) => subgraph)).toEqual(["shop", "shipping", "shipping"]);
});

test("a client that takes no parts gets one answer, and every subgraph is asked once for it", async () => {
  const { ask, requests } = await shop();
  expect(await ask('{ order(id: "1") { note ... @defer { arrival } ... @defer { box { code } } } }')).toEqual({
    data: { order: { note: "first", arrival: "day 1", box: { code: "b1" } } },
  });
  expect(requests.map(({ subgraph }) => subgraph)).toEqual(["shop", "shipping"]);
});

test("a null of a deferred part, whose other fields are computed from what is fetched for it, takes nothing before it", async () => {
  const { askInParts } = await federated({
    desk: {
      typeDefs: `
        type Query { cases: [Item]! }
        type Item @key(fields: "id") @interfaceObject {
          id: ID! note: String tag: String @external verdict: String @requires(fields: "tag") }`,
      resolvers: {
        Query: { cases: () => [{ id: "1" }, { id: "2" }] },
        Item: {
          __resolveReference: (reference: unknown) => reference,
          note: ({ id }: { id: string }) => {
            if (id === "2x") throw new GraphQLError("no note");
            return null;
          },
          verdict: ({ tag }: { tag: string }) => `${tag} is fine`,
        },
      },
    },
    house: {
      typeDefs: `
        interface Item @key(fields: "id") { id: ID! tag: String }
        type Lamp implements Item @key(fields: "id") { id: ID! tag: String makers: [String]! }`,
      resolvers: {
        Item: { __resolveReference: ({ id }: { id: string }) => ({ __typename: "Lamp", id }) },
        Lamp: {
          tag: ({ id }: { id: string }) => `lamp ${id}`,
          makers: ({ id }: { id: string }) => {
            if (id === "2") throw new GraphQLError("no makers");
            return [];
          },
        },
      },
    },
    shop: {
      typeDefs: `type Lamp @key(fields: "id") { id: ID! twin: Lamp }`,
      resolvers: { Lamp: { twin: ({ id }: { id: string }) => ({ id: `${id}x` }) } },
    },
  });
  const [first, second] = await askInParts("{ cases { note ... on Lamp @defer { makers twin { note verdict } } } }");
  expect(first).toEqual({ data: { cases: [{ note: null }, { note: null }] }, hasNext: true });
  expect(second?.incremental).toEqual([
    { path: ["cases", 0], data: { makers: [], twin: { note: null, verdict: "lamp 1x is fine" } } },
    {
      path: ["cases", 1],
      data: null,
      errors: [
        {
          message: "no makers",
          path: ["cases", 1, "makers"],
          extensions: { code: "SUBGRAPH_ERROR", service: "house" },
        },
        {
          message: "no note",
          path: ["cases", 1, "twin", "note"],
          extensions: { code: "SUBGRAPH_ERROR", service: "desk" },
        },
      ],
    },
  ]);
});
