import { buildClientSchema, getIntrospectionQuery, printSchema } from "graphql";
import { expect, test } from "vitest";
import { federated, type TestSubgraph } from "./federated.ts";

const log: string[] = [];

function subgraphs(): Record<string, TestSubgraph> {
  log.length = 0;
  const counter = (name: string) => ({
    [`add${name}`]: (_: unknown, { amount }: { amount: number }) => {
      log.push(`${name} ${amount}`);
      return { id: "c", amount };
    },
  });
  return {
    a: {
      typeDefs: `
        type Query { counter(id: ID!): Counter search(text: String! = "all", kinds: [Kind!] = [CAT]): [Thing!]! hidden: Int @inaccessible }
        type Mutation { addA(amount: Int!): Counter! }
        type Counter @key(fields: "id") { id: ID! amount: Int }
        union Thing = Counter | Cat
        interface Named { name: String! }
        type Cat implements Named { name: String! kind: Kind! }
        enum Kind { CAT DOG }`,
      resolvers: {
        Query: {
          counter: (_: unknown, { id }: { id: string }) => ({ id, amount: 1 }),
          search: (_: unknown, { text, kinds }: { text: string; kinds: string[] }) => [
            { __typename: "Cat", name: text, kind: kinds[0] },
            { __typename: "Counter", id: "c", amount: 2 },
          ],
        },
        Mutation: counter("A"),
        Counter: { __resolveReference: ({ id }: { id: string }) => ({ id, amount: log.length }) },
      },
    },
    b: {
      typeDefs: `
        type Mutation { addB(amount: Int!): Counter! }
        type Counter @key(fields: "id") { id: ID! label(upper: Boolean = false): String! }`,
      resolvers: {
        Mutation: counter("B"),
        Counter: {
          __resolveReference: (reference: unknown) => reference,
          label: ({ id }: { id: string }, { upper }: { upper: boolean }) => (upper ? id.toUpperCase() : id),
        },
      },
    },
  };
}

test("mutations run one after the other, whichever subgraph they belong to", async () => {
  const { ask } = await federated(subgraphs());
  const query =
    "mutation { one: addA(amount: 1) { label } two: addB(amount: 2) { amount } three: addA(amount: 3) { id label } four: addB(amount: 4) { id } }";
  expect(await ask(query)).toEqual({
    data: { one: { label: "c" }, two: { amount: 2 }, three: { id: "c", label: "c" }, four: { id: "c" } },
  });
  expect(log).toEqual(["A 1", "B 2", "A 3", "B 4"]);
});

test("@skip and @include decide by variables, their defaults and both together", async () => {
  const { ask, requests } = await federated(subgraphs());
  const query = `query ($a: Boolean!, $b: Boolean! = true) {
    counter(id: "c") {
      id @skip(if: $a)
      ...Label @include(if: $b)
      ... @skip(if: $b) { label(upper: true) }
      amount @include(if: $a) @skip(if: $b)
      __typename @include(if: $a)
    }
  }
  fragment Label on Counter { label(upper: true) }`;
  expect(await ask(query, { a: true })).toEqual({ data: { counter: { label: "C", __typename: "Counter" } } });
  expect(await ask(query, { a: false, b: false })).toEqual({ data: { counter: { id: "c", label: "C" } } });
  expect(await ask(query, { a: true, b: false })).toEqual({
    data: { counter: { label: "C", amount: 1, __typename: "Counter" } },
  });
  requests.length = 0;
  expect(await ask("query ($a: Boolean!) { counter(id: 1) @skip(if: $a) { label } }", { a: true })).toEqual({
    data: {},
  });
  expect(requests).toEqual([]);
});

test("a subgraph is not asked for what is skipped", async () => {
  const { ask, requests } = await federated(subgraphs());
  const query = 'query ($a: Boolean!) { counter(id: "c") { id label @include(if: $a) } }';
  expect(await ask(query, { a: false })).toEqual({ data: { counter: { id: "c" } } });
  expect(requests.map(({ subgraph }) => subgraph)).toEqual(["a"]);
});

test("variables keep their defaults, their nulls and their coercions", async () => {
  const { ask, requests } = await federated(subgraphs());
  const query =
    'query ($text: String! = "none", $kinds: [Kind!] = [DOG]) { search(text: $text, kinds: $kinds) { ... on Cat { name kind } } }';
  expect(await ask(query)).toEqual({ data: { search: [{ name: "none", kind: "DOG" }, {}] } });
  expect(await ask(query, { text: "x", kinds: "CAT" })).toEqual({ data: { search: [{ name: "x", kind: "CAT" }, {}] } });
  expect(requests[1]?.variables).toEqual({ text: "x", kinds: ["CAT"] });
  expect(await ask("{ search { ... on Named { name } } }")).toEqual({ data: { search: [{ name: "all" }, {}] } });
});

test("a union's members are told apart and filled from other subgraphs", async () => {
  const { ask } = await federated(subgraphs());
  const query =
    "{ search { __typename t: __typename ... on Cat { name } ... on Counter { ...C } } } fragment C on Counter { amount label }";
  expect(await ask(query)).toEqual({
    data: {
      search: [
        { __typename: "Cat", t: "Cat", name: "all" },
        { __typename: "Counter", t: "Counter", amount: 2, label: "c" },
      ],
    },
  });
});

test("introspection shows the API and nothing of federation", async () => {
  const { ask, federation, requests } = await federated(subgraphs());
  const { data } = await ask(getIntrospectionQuery());
  const schema = printSchema(buildClientSchema(data));
  expect(schema).toBe(printSchema(federation.apiSchema));
  expect(schema).not.toMatch(/hidden|join__|_entities|_service/);
  expect(requests).toEqual([]);
});

test("introspection, __typename and data answer together, under any alias", async () => {
  const { ask } = await federated(subgraphs());
  const query = `query ($name: String!) {
    __typename
    id: __type(name: $name) { kind: name fields { name: __typename } }
    counter(id: "x") { label: __typename }
    amount: __schema { queryType { ...T } }
  }
  fragment T on __Type { id: name }`;
  expect(await ask(query, { name: "Cat" })).toEqual({
    data: {
      __typename: "Query",
      id: { kind: "Cat", fields: [{ name: "__Field" }, { name: "__Field" }] },
      counter: { label: "Counter" },
      amount: { queryType: { id: "Query" } },
    },
  });
});

test("headers go to each subgraph as the caller says", async () => {
  const { ask, requests } = await federated(subgraphs());
  await ask('{ counter(id: "c") { label } }', {}, { "x-test": "1" });
  expect(requests.map(({ subgraph, headers }) => [subgraph, headers["x-test"]])).toEqual([
    ["a", "1"],
    ["b", "1"],
  ]);
});

test("a client's operation is prepared once, also when it is asked for many times at once", async () => {
  const { federation } = await federated(subgraphs());
  const query = '{ counter(id: "c") { label } }';
  const [one, two] = await Promise.all([federation.prepare({ query }), federation.prepare({ query })]);
  expect(one).toBe(two);
  expect(await federation.prepare({ query })).toBe(one);
});
