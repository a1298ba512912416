import { expect, test } from "vitest";
import { federated, json, type TestSubgraph } from "./federated.ts";

/** A subgraph whose answer to everything is this data. */
function saying(typeDefs: string, data: unknown): TestSubgraph {
  return { typeDefs, answer: (_, response) => json(response, { data }) };
}

const TREE = `
  type Query { tree: Tree other: Int }
  type Tree { name: String! children: [Tree!] leaves: [Leaf] grid: [[Int!]!] must: Tree! }
  type Leaf { colour: Colour! id: ID! size: Float whole: Int flag: Boolean }
  enum Colour { RED GREEN }`;

const cases: { situation: string; query: string; sent: unknown; data: unknown; paths: (string | number)[][] }[] = [
  {
    situation: "a null in a required field makes its nullable parent null",
    query: "{ other tree { name } }",
    sent: { other: 1, tree: { name: null } },
    data: { other: 1, tree: null },
    paths: [["tree", "name"]],
  },
  {
    situation: "a null element that must not be makes its list null",
    query: "{ tree { name children { name } } }",
    sent: { tree: { name: "a", children: [{ name: "b" }, null] } },
    data: { tree: { name: "a", children: null } },
    paths: [["tree", "children", 1]],
  },
  {
    situation: "a null inside a required element goes up to the list's nullable field",
    query: "{ tree { name children { name } } }",
    sent: { tree: { name: "a", children: [{ name: "b" }, { name: null }] } },
    data: { tree: { name: "a", children: null } },
    paths: [["tree", "children", 1, "name"]],
  },
  {
    situation: "a null inside a nullable element stops at the element",
    query: "{ tree { leaves { colour } } }",
    sent: { tree: { leaves: [{ colour: "RED" }, { colour: null }, null] } },
    data: { tree: { leaves: [{ colour: "RED" }, null, null] } },
    paths: [["tree", "leaves", 1, "colour"]],
  },
  {
    situation: "a null in a list of lists tells both indexes",
    query: "{ tree { grid } }",
    sent: {
      tree: {
        grid: [
          [1, 2],
          [3, null],
        ],
      },
    },
    data: { tree: { grid: null } },
    paths: [["tree", "grid", 1, 1]],
  },
  {
    situation: "a null goes through required objects up to the first that may be null",
    query: "{ other tree { must { must { name } } } }",
    sent: { other: 2, tree: { must: { must: { name: null } } } },
    data: { other: 2, tree: null },
    paths: [["tree", "must", "must", "name"]],
  },
  {
    situation: "a missing required field is an error, a missing nullable one is null",
    query: "{ tree { name leaves { size } } other }",
    sent: { tree: { leaves: [{}] } },
    data: { tree: null, other: null },
    paths: [["tree", "name"]],
  },
  {
    situation: "values of a wrong type are errors at their places",
    query: "{ tree { leaves { id size whole flag } } other }",
    sent: {
      tree: {
        leaves: [
          { id: {}, size: "1", whole: 1.5, flag: 0 },
          { id: 7, size: 1.5, whole: 2 ** 31, flag: true },
        ],
      },
      other: [],
    },
    data: { tree: { leaves: [null, { id: "7", size: 1.5, whole: null, flag: true }] }, other: null },
    paths: [["tree", "leaves", 0, "id"], ["tree", "leaves", 1, "whole"], ["other"]],
  },
  {
    situation: "an object where a list belongs and a list where an object belongs are errors",
    query: "{ tree { leaves { id } must { name } } }",
    sent: { tree: { leaves: { id: "1" }, must: [] } },
    data: { tree: null },
    paths: [
      ["tree", "leaves"],
      ["tree", "must"],
    ],
  },
  {
    situation: "an enum value that the API does not have is an error",
    query: "{ tree { leaves { colour } } }",
    sent: { tree: { leaves: [{ colour: "BLUE" }, { colour: "toString" }, { colour: "GREEN" }] } },
    data: { tree: { leaves: [null, null, { colour: "GREEN" }] } },
    paths: [
      ["tree", "leaves", 0, "colour"],
      ["tree", "leaves", 1, "colour"],
    ],
  },
];

for (const { situation, query, sent, data, paths } of cases) {
  test(situation, async () => {
    const { ask } = await federated({ trees: saying(TREE, sent) });
    const answer = await ask(query);
    expect(answer.data).toEqual(data);
    expect(answer.errors?.map(({ path }) => path) ?? []).toEqual(paths);
    for (const { extensions } of answer.errors ?? []) expect(extensions["code"]).toBe("SUBGRAPH_BAD_RESPONSE");
  });
}

test("a null that goes all the way up leaves no data", async () => {
  const { ask } = await federated({ one: saying("type Query { must: Int! }", { must: null }) });
  expect(await ask("{ must }")).toMatchObject({ data: null, errors: [{ path: ["must"] }] });
});

test("a null that the subgraph explains is not explained twice", async () => {
  const { ask } = await federated({
    trees: {
      typeDefs: TREE,
      answer: (_, response) =>
        json(response, {
          data: { tree: { name: null, must: { name: null } } },
          errors: [{ message: "felled", path: ["tree", "name"], extensions: { code: "FELLED" } }],
        }),
    },
  });
  const answer = await ask("{ tree { name must { name } } }");
  expect(answer.data).toEqual({ tree: null });
  expect(answer.errors?.map(({ message }) => message)).toEqual(["felled"]);
});

test("an object of a type that the field cannot have is null with an error", async () => {
  const { ask } = await federated({
    pets: saying(
      "type Query { pets: [Pet] } union Pet = Cat | Dog type Cat { name: String } type Dog { name: String }",
      {
        pets: [{ __typename: "Cat", name: "Tom" }, { __typename: "Query" }, { name: "?" }],
      },
    ),
  });
  const answer = await ask("{ pets { __typename ... on Cat { name } ... on Dog { name } } }");
  expect(answer.data).toEqual({ pets: [{ __typename: "Cat", name: "Tom" }, null, null] });
  expect(answer.errors?.map(({ path }) => path)).toEqual([
    ["pets", 1],
    ["pets", 2],
  ]);
});

test("text that needs escaping comes through as it is", async () => {
  const name = 'a "quote", a \\ and \n \u0001 é 😀 \u2028';
  const { ask } = await federated({ trees: saying(TREE, { tree: { name } }) });
  expect(await ask("{ tree { name } }")).toEqual({ data: { tree: { name } } });
});

test("an object whose type is not told is null where its type requires what the interface does not", async () => {
  const { ask } = await federated({
    zoo: {
      typeDefs: `
        interface Animal @key(fields: "id") { id: ID! name: String nick: String }
        type Lion implements Animal @key(fields: "id") { id: ID! name: String! nick: String }`,
      resolvers: {
        Animal: { __resolveReference: ({ id }: { id: string }) => ({ __typename: "Lion", id }) },
        Lion: {
          name: ({ id }: { id: string }) => {
            if (id === "2") throw new Error("no name");
            return "Leo";
          },
          nick: () => {
            throw new Error("no nick");
          },
        },
      },
    },
    vet: {
      typeDefs: `
        type Query { patients: [Animal] }
        type Animal @key(fields: "id") @interfaceObject { id: ID! }`,
      resolvers: { Query: { patients: () => [{ id: "1" }, { id: "2" }] } },
    },
  });
  const { data, errors } = await ask("{ patients { id name } }");
  expect(data).toEqual({ patients: [{ id: "1", name: "Leo" }, null] });
  expect(errors?.map(({ path }) => path)).toEqual([["patients", 1, "name"]]);
  expect((await ask("{ patients { nick } }")).data).toEqual({ patients: [{ nick: null }, { nick: null }] });
});

test("where the fetch that would tell the type is lost, what the interface leaves nullable is null with the reason", async () => {
  const { ask } = await federated({
    zoo: {
      typeDefs: `
        interface Animal @key(fields: "id") { id: ID! name: String }
        type Lion implements Animal @key(fields: "id") { id: ID! name: String! }`,
      answer: (_, response) => json(response, {}, 500),
    },
    vet: {
      typeDefs: `
        type Query { patients: [Animal] }
        type Animal @key(fields: "id") @interfaceObject { id: ID! }`,
      resolvers: { Query: { patients: () => [{ id: "1" }] } },
    },
  });
  const { data, errors } = await ask("{ patients { id name } }");
  expect(data).toEqual({ patients: [{ id: "1", name: null }] });
  expect(errors?.map(({ path, extensions }) => [path, extensions["code"]])).toEqual([
    [["patients", 0, "name"], "SUBGRAPH_BAD_RESPONSE"],
  ]);
});
