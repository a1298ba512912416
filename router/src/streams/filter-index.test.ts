import fc from "fast-check";
import { expect, test } from "vitest";
import { FilterIndex, passes, type ResolvedFilter } from "./filter-index.ts";

const value = fc.constantFrom("a", "b", "c");
const filter: fc.Arbitrary<ResolvedFilter> = fc.record({
  path: fc.constantFrom(["kind"], ["tags"], ["of", "id"], ["all", "id"]),
  values: fc.option(fc.array(value).map((values) => new Set(values))),
});
const payload = fc.record(
  {
    kind: fc.option(value),
    tags: fc.array(value),
    of: fc.option(fc.record({ id: value })),
    all: fc.array(fc.record({ id: value })),
  },
  { requiredKeys: [] },
);

test("the index finds exactly the members that a scan would find, also after some have left", () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.array(filter, { maxLength: 3 }), fc.boolean()), { maxLength: 12 }),
      payload,
      (members, event) => {
        const index = new FilterIndex<number>();
        members.forEach(([filters], member) => index.add(member, filters));
        members.forEach(([, leaves], member) => leaves && index.delete(member));
        const expected = members.flatMap(([filters, leaves], member) =>
          !leaves && passes(filters, event) ? [member] : [],
        );
        expect([...index.match(() => event)].toSorted((a, b) => a - b)).toEqual(expected);
        expect(index.size).toBe(members.filter(([, leaves]) => !leaves).length);
      },
    ),
  ));

test("an event without filters on it is not looked into", () => {
  const index = new FilterIndex<string>();
  index.add("all", [{ path: ["kind"], values: null }]);
  const matched = index.match(() => {
    throw new Error("looked into");
  });
  expect([...matched]).toEqual(["all"]);
});
