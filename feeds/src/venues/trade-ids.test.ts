import fc from "fast-check";
import { expect, test } from "vitest";
import { TradeIds } from "./trade-ids.ts";

const newOf = (ids: TradeIds, given: readonly number[]) => given.filter((id) => ids.isNew(id));
const range = (from: number, count: number) => Array.from({ length: count }, (_, at) => from + at);

test("what is repeated after a break is told once, however much it is", () => {
  const ids = new TradeIds();
  expect(newOf(ids, range(1, 5_000))).toHaveLength(5_000);
  expect(newOf(ids, range(4_951, 50))).toEqual([]);
  expect(newOf(ids, range(1, 5_001))).toEqual([5_001]);
  expect(ids.last).toBe(5_001);
});

test("one huge id is a trade of its own, and those behind it are new, also when it is long forgotten", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 3_000 }),
      fc.integer({ min: 10_000, max: Number.MAX_SAFE_INTEGER }),
      (before, huge) => {
        const ids = new TradeIds();
        const given = [...range(1, before), huge, ...range(before + 1, 4_000)];
        expect(newOf(ids, given)).toEqual(given);
        expect(newOf(ids, range(before + 3_950, 51))).toEqual([]);
      },
    ),
    { numRuns: 30 },
  );
});

test("a trade that comes late is told, and the next one follows what came before it", () => {
  const ids = new TradeIds();
  expect(newOf(ids, [1, 3, 2, 4])).toEqual([1, 3, 2, 4]);
  expect([ids.last, ids.knows(3), ids.knows(5)]).toEqual([4, true, false]);
});

test("no id is told twice, and every one that is higher than all before it is told", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (given) => {
      const told = newOf(new TradeIds(), given);
      expect(new Set(told).size).toBe(told.length);
      expect(told).toEqual([...new Set(given)]);
    }),
  );
});
