import { buildSchema } from "graphql";
import { expect, test } from "vitest";
import { cloneData, compileMerge, mergeValues } from "./merge.ts";

const schema = buildSchema("type Query { n: Node } interface Node { id: ID } type Ship implements Node { id: ID }");

const cases: [string, unknown, unknown, unknown][] = [
  ["objects are merged field by field", { a: { b: 1 } }, { a: { c: 2 } }, { a: { b: 1, c: 2 } }],
  [
    "lists of one length are merged element by element",
    [{ a: 1 }, null],
    [{ b: 2 }, { b: 3 }],
    [{ a: 1, b: 2 }, { b: 3 }],
  ],
  ["lists of other lengths leave what is known", [{ a: 1 }], [{ b: 2 }, { b: 3 }], [{ a: 1 }]],
  ["a null takes nothing away", { a: { b: 1 } }, { a: null }, { a: { b: 1 } }],
  ["a null is filled", { a: null }, { a: { b: 1 } }, { a: { b: 1 } }],
  ["an object does not become a list", { a: 1 }, [1], { a: 1 }],
];
for (const [situation, known, received, merged] of cases) {
  test(situation, () => expect(mergeValues(known, received)).toEqual(merged));
}

test("a merge takes the keys of its fetch and no others", () => {
  const target = { id: "1" };
  compileMerge(["id", "name"], schema)(target, { name: "x", extra: 1 });
  expect(target).toEqual({ id: "1", name: "x" });
});

test("the name of an interface does not replace the name of a type", () => {
  const merge = compileMerge(["__typename"], schema);
  const known = { __typename: "Ship" };
  merge(known, { __typename: "Node" });
  expect(known.__typename).toBe("Ship");
  const vague = { __typename: "Node" };
  merge(vague, { __typename: "Ship" });
  expect(vague.__typename).toBe("Ship");
});

test("a key __proto__ in an answer changes no prototype", () => {
  const received: unknown = JSON.parse('{"a":{"__proto__":{"polluted":1},"b":1}}');
  const merged = mergeValues({ a: {} }, received) as { a: object };
  expect(Object.getPrototypeOf(merged.a)).toBe(Object.prototype);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(cloneData(received)).toEqual({ a: { b: 1 } });
});
