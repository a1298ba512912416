import fc from "fast-check";
import { buildSchema, executeSync, Kind, parse, type FragmentDefinitionNode } from "graphql";
import { expect, test } from "vitest";
import { Execution } from "../execute/execution.ts";
import { quoteText } from "./leaf-code.ts";
import { compileShaper } from "./response-shaper.ts";

const schema = buildSchema(`
  type Query { node: Node nodes: [Node!] must: Ship! any: Any grid: [[Int!]]! }
  interface Node { id: ID! next: Node }
  type Ship implements Node { id: ID! next: Node name: String! flag: Flag speed: Float crew: [Person!]! }
  type Person implements Node { id: ID! next: Node age: Int alive: Boolean! data: Json }
  union Any = Ship | Person
  enum Flag { NO PA }
  scalar Json`);

/** Random data of the schema with a null here and there, where it may be and where it may not. */
const { node } = fc.letrec((tie) => {
  const rarely = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 12 });
  const person = fc.record({
    __typename: fc.constant("Person"),
    id: rarely(fc.string()),
    next: fc.option(tie("node"), { depthSize: "small" }),
    age: rarely(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
    alive: rarely(fc.boolean()),
    data: rarely(fc.jsonValue()),
  });
  const ship = fc.record({
    __typename: fc.constant("Ship"),
    id: rarely(fc.uuid()),
    next: fc.option(tie("node"), { depthSize: "small" }),
    name: rarely(fc.string({ unit: "binary" })),
    flag: rarely(fc.constantFrom("NO", "PA")),
    speed: rarely(fc.double({ noNaN: true, noDefaultInfinity: true })),
    crew: rarely(fc.array(rarely(person), { maxLength: 3 })),
  });
  return { node: fc.oneof(person, ship) };
});
const ships = node.filter((each) => (each as { __typename: string }).__typename === "Ship");
const data = fc.record({
  node: fc.option(node),
  nodes: fc.option(fc.array(fc.option(node, { freq: 8 }), { maxLength: 4 })),
  must: fc.option(ships, { freq: 20 }),
  any: fc.option(node),
  grid: fc.array(fc.option(fc.array(fc.option(fc.integer({ min: 0, max: 9 }), { freq: 10 }), { maxLength: 3 })), {
    maxLength: 3,
  }),
});

const operations = [
  "{ node { __typename id next { id ... on Person { age alive data } } } }",
  "query ($a: Boolean!, $b: Boolean!) { nodes { ...N id @skip(if: $a) } must { name @include(if: $b) flag speed crew { ...N } } } fragment N on Node { id ... on Ship { name } ... on Person { age @include(if: $a) } }",
  "query ($a: Boolean!, $b: Boolean!) { any { __typename ... on Ship @include(if: $a) { id crew { id alive } } ... on Ship @include(if: $b) { id crew { age } } ... on Node { next { id } } } grid }",
  "query ($a: Boolean!) { must @include(if: $a) { id } grid @skip(if: $a) nodes @include(if: $a) { ... on Node { ... on Ship { name } } } }",
  "query ($a: Boolean!, $b: Boolean!) { node { ...N @include(if: $a) ...N @include(if: $b) ... @skip(if: $a) { ...N @skip(if: $b) } } } fragment N on Node { id next { ... on Person { age @skip(if: $b) } } }",
];

function shape(query: string, root: Record<string, unknown>, variables: Record<string, unknown>, clean: boolean) {
  const fragments = new Map<string, FragmentDefinitionNode>();
  const document = parse(query);
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION)!;
  const source = {
    schema,
    operation,
    fragments,
    clientNames: new Map(),
    clientVariables: new Map(),
    introspect: () => "null",
  };
  const execution = new Execution({ headersFor: () => ({}), signal: new AbortController().signal }, variables, {
    root,
    clean,
  });
  const text = compileShaper(source)(execution);
  return { data: text === undefined ? null : (JSON.parse(text) as unknown), errors: execution.errors };
}

for (const query of operations) {
  test(`writes what graphql-js answers: ${query.slice(0, 60)}…`, () => {
    fc.assert(
      fc.property(data, fc.boolean(), fc.boolean(), (root, a, b) => {
        const variables = { a, b };
        const expected = executeSync({ schema, document: parse(query), rootValue: root, variableValues: variables });
        const answer = shape(query, root, variables, false);
        expect(answer.data).toEqual(JSON.parse(JSON.stringify(expected.data)));
        expect(answer.errors.length > 0).toBe((expected.errors?.length ?? 0) > 0);
        const paths = new Set(expected.errors?.map(({ path }) => JSON.stringify(path)));
        for (const { path } of answer.errors) expect(paths).toContain(JSON.stringify(path));
      }),
      { numRuns: 300 },
    );
  });
}

test("the code for data without escapes writes the same", () => {
  const root = {
    must: { name: "Fram", crew: [{ __typename: "Person", id: 7 }], flag: "NO", speed: 1.5 },
    nodes: [{ __typename: "Ship", id: "x", name: "é😀" }],
  };
  const variables = { a: false, b: true };
  expect(shape(operations[1]!, root, variables, true)).toEqual(shape(operations[1]!, root, variables, false));
});

test("an object that only says its interface has the interface's fields and no __typename", () => {
  const root = { node: { __typename: "Node", id: "1", next: null } };
  expect(shape("{ node { id next { id } ... on Ship { name } } }", root, {}, false).data).toEqual({
    node: { id: "1", next: null },
  });
  expect(shape("{ node { __typename id } }", root, {}, false).data).toEqual({ node: null });
});

test("a string is written as JSON.stringify writes it", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => quoteText(text) === JSON.stringify(text)));
  for (const text of ["\ud800", "a\udc00b", "\u2028", "\u007f", "\u001f", '"\\'])
    expect(quoteText(text)).toBe(JSON.stringify(text));
});
