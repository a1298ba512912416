import fc from "fast-check";
import { expect, test } from "vitest";
import { compileTargets, pathsOfTargets } from "./targets.ts";

test("the objects at a path, through lists, nulls and gaps", () => {
  const root = { a: [{ b: { c: 1 } }, null, {}, { b: null }, { b: [7] }, { b: { c: 2 } }] };
  expect(compileTargets(["a", "@", "b"])(root)).toEqual([{ c: 1 }, { c: 2 }]);
  expect(compileTargets([])(root)).toEqual([root]);
  expect(compileTargets(["a", "@", "@"])({ a: [[{ x: 1 }], [null, { x: 2 }], 3] })).toEqual([{ x: 1 }, { x: 2 }]);
});

test("every object that is found has its path, in the same order", () => {
  const tree = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constant(null),
      fc.integer(),
      fc.record({ a: tie("value"), b: tie("value") }, { requiredKeys: [] }),
      fc.array(tie("value"), { maxLength: 3 }),
    ),
  })).value;
  const path = fc.array(fc.constantFrom("a", "b", "@"), { maxLength: 4 });
  fc.assert(
    fc.property(fc.record({ a: tree, b: tree }), path, (root, steps) => {
      const found = compileTargets(steps)(root);
      const paths = pathsOfTargets(root, steps);
      const at = (way: readonly (string | number)[]) =>
        way.reduce<unknown>((value, step) => (value as Record<string | number, unknown>)[step], root);
      expect(paths).toHaveLength(found.length);
      paths.forEach((way, index) => expect(at(way)).toBe(found[index]));
    }),
  );
});
