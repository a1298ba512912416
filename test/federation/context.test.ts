import { GraphQLError } from "graphql";
import { expect, test } from "vitest";
import { inlinePlanners, type Planners } from "../../router/src/plan/planners.ts";
import { federated, json, type TestSubgraph } from "./federated.ts";

type Rewrite = { path: string[]; renameKeyTo: string };

/** Shops sell in a currency, and a price is given in that of the shop that it is asked in. */
const SHOPS: TestSubgraph = {
  typeDefs: `
    type Query { shops: [Shop!]! fair: Fair places: [Place!]! }
    union Place = Shop | Fair
    type Shop @key(fields: "id") { id: ID! currency: String shelf: [Article!]! best: Article guest: Fair }
    type Fair @key(fields: "id") { id: ID! currency: String stand: Stand }
    type Stand { article: Article }
    type Article @key(fields: "id") { id: ID! alike: [Article!]! }`,
  resolvers: {
    Query: {
      shops: () => SHOP_LIST,
      fair: () => FAIR,
      places: () => [...SHOP_LIST.map((shop) => ({ __typename: "Shop", ...shop })), { __typename: "Fair", ...FAIR }],
    },
    Article: { alike: ({ id }: { id: string }) => [{ id: `${id}x` }, { id }] },
  },
};
const FAIR = { id: "f", currency: "JPY", stand: { article: { id: "1" } } };
const SHOP_LIST = [
  { id: "a", currency: "EUR", shelf: [{ id: "1" }, { id: "2" }], best: { id: "2" }, guest: FAIR },
  { id: "b", currency: "USD", shelf: [{ id: "1" }], best: { id: "3" }, guest: null },
  { id: "c", currency: "EUR", shelf: [{ id: "1" }], best: null, guest: null },
  { id: "d", currency: null, shelf: [{ id: "3" }], best: { id: "1" }, guest: null },
];

const PRICES: TestSubgraph = {
  typeDefs: `
    type Shop @key(fields: "id") @context(name: "sale") { id: ID! currency: String @external }
    type Fair @key(fields: "id") @context(name: "sale") { id: ID! currency: String @external }
    type Article @key(fields: "id") {
      id: ID!
      price(count: Int = 1, in: String @fromContext(field: "$sale ... on Shop { currency } ... on Fair { currency }")): String
      twin: Article
    }`,
  resolvers: {
    Article: {
      price: ({ id }: { id: string }, { count, in: currency }: { count: number; in: string | null }) =>
        `${count} of ${id} in ${currency}`,
      twin: ({ id }: { id: string }) => ({ id: `${id}t` }),
    },
  },
};

const shops = (prices: TestSubgraph = PRICES, others: Record<string, TestSubgraph> = {}) =>
  federated({ shops: SHOPS, prices, ...others });

test("a field is given what the nearest object has that sets its context, in one request", async () => {
  const { ask, requests } = await shops();
  expect(await ask("{ shops { shelf { id price } } }")).toEqual({
    data: {
      shops: [
        {
          shelf: [
            { id: "1", price: "1 of 1 in EUR" },
            { id: "2", price: "1 of 2 in EUR" },
          ],
        },
        { shelf: [{ id: "1", price: "1 of 1 in USD" }] },
        { shelf: [{ id: "1", price: "1 of 1 in EUR" }] },
        { shelf: [{ id: "3", price: "1 of 3 in null" }] },
      ],
    },
  });
  expect(requests.map(({ subgraph }) => subgraph)).toEqual(["shops", "prices"]);
  const ids = (...list: string[]) => list.map((id) => ({ __typename: "Article", id }));
  expect(requests[1]!.variables).toEqual({
    _r0: ids("1", "2"),
    _r1: ids("1"),
    _r2: ids("3"),
    _c0_contextualArgument_1_0: "EUR",
    _c1_contextualArgument_1_0: "USD",
    _c2_contextualArgument_1_0: null,
  });
});

test("clients do not see the argument", async () => {
  const { ask, federation } = await shops();
  expect(federation.apiSchema.getType("Article")?.toConfig()).toMatchObject({
    fields: { price: { args: { count: {} } } },
  });
  expect((await ask('{ shops { best { price(in: "GBP") } } }')).errors?.[0]?.extensions["code"]).toBe(
    "GRAPHQL_VALIDATION_FAILED",
  );
});

test("aliases, arguments and variables of the client stay what they are", async () => {
  const { ask } = await shops();
  const query = `query ($count: Int, $contextualArgument_1_0: Int) {
    shops { currency: id best { price: id two: price(count: 2) many: price(count: $count) few: price(count: $contextualArgument_1_0) } }
  }`;
  expect((await ask(query, { count: 9, contextualArgument_1_0: 3 })).data.shops.slice(0, 2)).toEqual([
    { currency: "a", best: { price: "2", two: "2 of 2 in EUR", many: "9 of 2 in EUR", few: "3 of 2 in EUR" } },
    { currency: "b", best: { price: "3", two: "2 of 3 in USD", many: "9 of 3 in USD", few: "3 of 3 in USD" } },
  ]);
});

test("a context reaches through objects and lists that do not set it, and into what the subgraph finds itself", async () => {
  const { ask } = await shops();
  expect((await ask("{ shops { best { alike { price twin { price } } } } }")).data.shops[1]).toEqual({
    best: {
      alike: [
        { price: "1 of 3x in USD", twin: { price: "1 of 3xt in USD" } },
        { price: "1 of 3 in USD", twin: { price: "1 of 3t in USD" } },
      ],
    },
  });
});

test("the context of an object inside another one that sets it too is its own", async () => {
  const { ask } = await shops();
  const query =
    "{ shops { best { price } guest { stand { article { price } } } } fair { stand { article { price } } } }";
  const { data } = await ask(query);
  expect(data.shops[0]).toEqual({
    best: { price: "1 of 2 in EUR" },
    guest: { stand: { article: { price: "1 of 1 in JPY" } } },
  });
  expect(data.fair).toEqual({ stand: { article: { price: "1 of 1 in JPY" } } });
});

test("objects of several types in one list each give their own", async () => {
  const { ask } = await shops();
  const query = "{ places { ... on Shop { best { price } } ... on Fair { stand { article { price } } } } }";
  expect((await ask(query)).data.places.slice(1)).toEqual([
    { best: { price: "1 of 3 in USD" } },
    { best: null },
    { best: { price: "1 of 1 in null" } },
    { stand: { article: { price: "1 of 1 in JPY" } } },
  ]);
});

test("a context that is fetched from elsewhere is waited for", async () => {
  const { ask, requests } = await federated({
    shops: {
      ...SHOPS,
      typeDefs: SHOPS.typeDefs.replace(
        'Shop @key(fields: "id") { id: ID! currency: String',
        'Shop @key(fields: "id") { id: ID!',
      ),
    },
    prices: PRICES,
    banks: {
      typeDefs: `type Shop @key(fields: "id") { id: ID! currency: String }`,
      resolvers: { Shop: { currency: ({ id }: { id: string }) => `${id}-money` } },
    },
  });
  expect((await ask("{ shops { best { price } } }")).data.shops[0]).toEqual({ best: { price: "1 of 2 in a-money" } });
  expect(requests.map(({ subgraph }) => subgraph)).toEqual(["shops", "banks", "prices"]);
});

test("one entity that stands in several contexts has a value for each", async () => {
  const links: TestSubgraph = {
    typeDefs: `type Article @key(fields: "id") { id: ID! linked: Article }`,
    resolvers: { Article: { linked: () => ({ id: "9" }) } },
  };
  const { ask, requests } = await shops(PRICES, { links });
  const { data } = await ask("{ shops { shelf { linked { price } } } }");
  expect(data.shops.map(({ shelf }: any) => shelf[0].linked.price)).toEqual([
    "1 of 9 in EUR",
    "1 of 9 in USD",
    "1 of 9 in EUR",
    "1 of 9 in null",
  ]);
  expect(requests.map(({ subgraph }) => subgraph)).toEqual(["shops", "links", "prices"]);
});

test("an entity gives the context to what its own fetch finds in it", async () => {
  const featuring: TestSubgraph = {
    typeDefs: PRICES.typeDefs.replace('Shop @key(fields: "id") @context(name: "sale") {', "$& featured: Article"),
    resolvers: { ...PRICES.resolvers, Shop: { featured: ({ id }: { id: string }) => ({ id: `${id}f` }) } },
  };
  const { ask } = await shops(featuring);
  const { data } = await ask("{ shops { featured { price twin { price } } } }");
  expect(data.shops[1]).toEqual({ featured: { price: "1 of bf in USD", twin: { price: "1 of bft in USD" } } });
});

test("variables of what is not sent are not sent", async () => {
  const { ask } = await federated({
    shops: { ...SHOPS, resolvers: { ...SHOPS.resolvers, Query: { shops: () => SHOP_LIST, fair: () => null } } },
    prices: {
      typeDefs: PRICES.typeDefs.replace("twin: Article", "name: String"),
      resolvers: { Article: { name: () => "lamp" } },
    },
  });
  const query = "query ($count: Int) { fair { stand { article { price(count: $count) } } } shops { best { name } } }";
  expect(await ask(query, { count: 1 })).toEqual({
    data: {
      fair: null,
      shops: [{ best: { name: "lamp" } }, { best: { name: "lamp" } }, { best: null }, { best: { name: "lamp" } }],
    },
  });
});

test("a context is not taken for the same field that the client selects with arguments", async () => {
  const withForm = (typeDefs: string) => typeDefs.replaceAll("currency: String", "currency(form: String): String");
  const named = (object: { currency: string | null }, { form }: { form?: string }) =>
    form === undefined ? object.currency : `${object.currency} as ${form}`;
  const { ask } = await federated({
    shops: {
      typeDefs: withForm(SHOPS.typeDefs),
      resolvers: { ...SHOPS.resolvers, Shop: { currency: named }, Fair: { currency: named } },
    },
    prices: { ...PRICES, typeDefs: withForm(PRICES.typeDefs) },
  });
  expect((await ask('{ shops { currency(form: "sign") best { price } } }')).data.shops[0]).toEqual({
    currency: "EUR as sign",
    best: { price: "1 of 2 in EUR" },
  });
});

/** The code of the answer when what the planner says of contexts is changed. */
async function answerTo(query: string, change: (rewrite: Rewrite) => Rewrite | null): Promise<unknown> {
  const planners: Planners = {
    ...inlinePlanners,
    async build(sdl) {
      const planner = await inlinePlanners.build(sdl);
      return {
        ...planner,
        plan: async (...operation) =>
          JSON.parse(JSON.stringify(await planner.plan(...operation)), (key, value) =>
            key === "contextRewrites" ? value.flatMap((rewrite: Rewrite) => change(rewrite) ?? []) : value,
          ),
      };
    },
  };
  const { ask } = await federated({ shops: SHOPS, prices: PRICES }, () => ({}), { planners });
  return (await ask(query)).errors?.[0]?.extensions["code"];
}

test.each<[string, (rewrite: Rewrite) => Rewrite | null]>([
  ["leaves out a context", () => null],
  ["looks for it elsewhere", (rewrite) => ({ ...rewrite, path: ["..", ...rewrite.path] })],
  ["reads another field", (rewrite) => ({ ...rewrite, path: [...rewrite.path.slice(0, -1), "id"] })],
  [
    "takes it from an object that is not the nearest",
    ({ path, ...rewrite }) => ({
      ...rewrite,
      path: path.includes("... on Fair") ? ["..", "..", "..", "... on Shop", "currency"] : path,
    }),
  ],
])("a plan that %s is refused", async (_, change) => {
  const query = "{ shops { id currency guest { stand { article { price } } } } }";
  expect(await answerTo(query, (rewrite) => rewrite)).toBe(undefined);
  expect(await answerTo(query, change)).toBe("OPERATION_NOT_RESOLVABLE");
});

test("a condition of the client holds for what is asked with a context", async () => {
  const { ask, requests } = await shops();
  const query = "query ($yes: Boolean!) { shops { best { id price @include(if: $yes) } } }";
  expect((await ask(query, { yes: false })).data.shops[1]).toEqual({ best: { id: "3" } });
  expect(requests).toHaveLength(1);
  expect((await ask(query, { yes: true })).data.shops[1]).toEqual({ best: { id: "3", price: "1 of 3 in USD" } });
});

test("errors are told at the objects that they concern, whatever list these were in", async () => {
  const { ask } = await shops({
    ...PRICES,
    resolvers: {
      Article: {
        price: ({ id }: { id: string }, { in: currency }: { in: string }) => {
          if (currency === "USD" || id === "2") throw new Error(`${id} in ${currency}`);
          return "fine";
        },
      },
    },
  });
  const { data, errors } = await ask("{ shops { shelf { price } } }");
  expect(data.shops).toEqual([
    { shelf: [{ price: "fine" }, { price: null }] },
    { shelf: [{ price: null }] },
    { shelf: [{ price: "fine" }] },
    { shelf: [{ price: "fine" }] },
  ]);
  expect(errors?.map(({ path, message }) => `${path!.join(".")}: ${message}`).sort()).toEqual([
    "shops.0.shelf.1.price: 2 in EUR",
    "shops.1.shelf.0.price: 1 in USD",
  ]);
});

/** Shops, of which one does not tell its currency. */
const SECRETIVE: TestSubgraph = {
  ...SHOPS,
  resolvers: {
    ...SHOPS.resolvers,
    Shop: {
      currency({ id, currency }: { id: string; currency: string | null }) {
        if (id === "b") throw new GraphQLError("no currency", { extensions: { code: "CLOSED" } });
        return currency;
      },
    },
  },
};
const CLOSED = { message: "no currency", extensions: { code: "CLOSED", service: "shops" } };

test("what takes a context that failed is null for its error, and all else comes", async () => {
  const { ask, requests } = await federated({ shops: SECRETIVE, prices: PRICES });
  const { data, errors } = await ask("{ shops { best { price dear: price(count: 2) twin { id price } } } }");
  expect(data.shops[0]).toEqual({
    best: { price: "1 of 2 in EUR", dear: "2 of 2 in EUR", twin: { id: "2t", price: "1 of 2t in EUR" } },
  });
  expect(data.shops[1]).toEqual({ best: { price: null, dear: null, twin: { id: "3t", price: null } } });
  expect(data.shops[3].best.price).toBe("1 of 1 in null");
  const places = [["price"], ["dear"], ["twin", "price"]];
  expect(errors).toEqual(places.map((place) => ({ ...CLOSED, path: ["shops", 1, "best", ...place] })));
  expect(Object.keys(requests[1]!.variables)).not.toContain("_c1_contextualArgument_1_0");
});

test("the error of a context that the client did not ask for is not told beside what takes it", async () => {
  const { ask } = await federated({
    shops: {
      ...SECRETIVE,
      resolvers: { ...SECRETIVE.resolvers, Article: { alike: () => [] } },
      typeDefs: SECRETIVE.typeDefs.replace("alike:", "note: String alike:"),
    },
    prices: PRICES,
  });
  const { data, errors } = await ask("{ shops { best { note price } } }");
  expect(data.shops[1]).toEqual({ best: { note: null, price: null } });
  expect(errors).toEqual([{ ...CLOSED, path: ["shops", 1, "best", "price"] }]);
});

test("a context's value has no error of another field that the client calls by its name", async () => {
  const { ask } = await federated({
    shops: {
      ...SHOPS,
      typeDefs: SHOPS.typeDefs.replace("currency: String shelf", "currency: String secret: String shelf"),
      resolvers: { ...SHOPS.resolvers, Shop: { secret: () => Promise.reject(new Error("none of your business")) } },
    },
    prices: PRICES,
  });
  const { data, errors } = await ask("{ shops { currency: secret best { price } } }");
  expect(data.shops[3]).toEqual({ currency: null, best: { price: "1 of 1 in null" } });
  expect(errors).toHaveLength(4);
});

test("where all that is asked for takes a context that failed, nothing is", async () => {
  const { ask, requests } = await federated({
    shops: { ...SECRETIVE, resolvers: { ...SECRETIVE.resolvers, Query: { shops: () => SHOP_LIST.slice(1, 2) } } },
    prices: PRICES,
  });
  expect(await ask("{ shops { name: currency best { price } } }")).toEqual({
    data: { shops: [{ name: null, best: { price: null } }] },
    errors: [["name"], ["best", "price"]].map((place) => ({ ...CLOSED, path: ["shops", 0, ...place] })),
  });
  expect(requests).toHaveLength(1);
});

test("a deferred part has the failure of a context that came before it", async () => {
  const { askInParts } = await federated({ shops: SECRETIVE, prices: PRICES });
  const [, second] = await askInParts("{ shops { best { id ... @defer { price } } } }");
  expect(second?.incremental?.[1]).toEqual({
    path: ["shops", 1, "best"],
    data: { price: null },
    errors: [{ ...CLOSED, path: ["shops", 1, "best", "price"] }],
  });
});

test("when the subgraph fails as a whole, each object says why", async () => {
  const { ask } = await shops({ typeDefs: PRICES.typeDefs, answer: (_, response) => json(response, {}, 500) });
  const { data, errors } = await ask("{ shops { best { price } } }");
  expect(data.shops.map(({ best }: { best: unknown }) => best)).toEqual([
    { price: null },
    { price: null },
    null,
    { price: null },
  ]);
  expect(errors?.map(({ path }) => path!.join("."))).toEqual([
    "shops.0.best.price",
    "shops.1.best.price",
    "shops.3.best.price",
  ]);
});

test("a deferred part has the context of what is around it", async () => {
  const { askInParts } = await shops();
  const [first, second] = await askInParts("{ shops { best { id ... @defer { price } } } }");
  expect(first?.data.shops[1]).toEqual({ best: { id: "3" } });
  expect(second?.incremental?.map(({ data }) => data.price)).toEqual([
    "1 of 2 in EUR",
    "1 of 3 in USD",
    "1 of 1 in null",
  ]);
});
