import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate } from "./evaluate.ts";
import { firingId } from "./notification.ts";
import { COMPARISONS, freshState, type Comparison, type Rule } from "./rule.ts";

function ruleOf(comparison: Comparison, threshold = 100): Rule {
  return {
    id: "rule",
    userId: "user",
    version: 1,
    symbol: "X",
    metric: "PRICE",
    comparison,
    thresholdE9: BigInt(threshold),
    interval: null,
    note: null,
    ...freshState(comparison),
  };
}

/** At which of these values a rule fires. */
function firings(comparison: Comparison, values: readonly number[], threshold = 100): { index: number; id: string }[] {
  let rule = ruleOf(comparison, threshold);
  const fired: { index: number; id: string }[] = [];
  values.forEach((value, index) => {
    const result = evaluate(rule, BigInt(value), `t${index}`);
    if (result.fired) fired.push({ index, id: firingId(rule) });
    if (result.state) rule = { ...rule, ...result.state };
  });
  return fired;
}

const at = (comparison: Comparison, values: readonly number[]) => firings(comparison, values).map(({ index }) => index);

describe("when a rule fires", () => {
  test("a crossing needs the other side first, fires once, and again after it was undone", () => {
    expect(at("CROSSES_ABOVE", [101, 102, 99, 101, 103, 100, 101])).toEqual([3, 6]);
    expect(at("CROSSES_BELOW", [99, 101, 99, 98, 100, 97])).toEqual([2, 5]);
  });

  test("a level counts from the first value on", () => {
    expect(at("ABOVE", [101, 102, 99, 101])).toEqual([0, 3]);
    expect(at("BELOW", [101, 99, 98, 100, 99])).toEqual([1, 4]);
  });

  test("the threshold itself is on neither side", () => {
    for (const comparison of COMPARISONS) expect(at(comparison, [100, 100])).toEqual([]);
  });
});

test("a rule never fires twice without its condition being false in between, and each firing has an identity of its own", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...COMPARISONS),
      fc.array(fc.integer({ min: 95, max: 105 }), { maxLength: 60 }),
      (comparison, values) => {
        const fired = firings(comparison, values);
        const above = comparison.endsWith("ABOVE");
        const holds = (value: number) => (above ? value > 100 : value < 100);
        for (let i = 1; i < fired.length; i++) {
          expect(values.slice(fired[i - 1]!.index, fired[i]!.index).some((value) => !holds(value))).toBe(true);
        }
        expect(new Set(fired.map(({ id }) => id)).size).toBe(fired.length);
        for (const { index } of fired) expect(holds(values[index]!)).toBe(true);
      },
    ),
  );
});

test("evaluating the same values again from the same state gives the same firings", () => {
  const values = [99, 101, 99, 101];
  expect(firings("CROSSES_ABOVE", values)).toEqual(firings("CROSSES_ABOVE", values));
});
