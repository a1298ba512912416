import fc from "fast-check";
import { expect, test } from "vitest";
import { checkVariables } from "./variables-size.ts";

const passes = (variables: Record<string, unknown>, bytesMax: number): boolean => {
  try {
    checkVariables(variables, bytesMax);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: "OPERATION_LIMIT_EXCEEDED" });
    return false;
  }
};

test("variables pass up to the limit and not a byte beyond it", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^\w{1,5}$/), plainJson()), (variables) => {
      const bytes = Buffer.byteLength(JSON.stringify(variables));
      expect([passes(variables, bytes), passes(variables, bytes - 1)]).toEqual([true, false]);
    }),
  );
});

test("variables nested beyond reason are refused, however small", () => {
  let value: unknown = 1;
  for (let i = 0; i < 100_000; i++) value = [value];
  expect(passes({ value }, 1_000_000)).toBe(false);
});

/** JSON whose texts need no escapes: those are not counted. */
function plainJson(): fc.Arbitrary<unknown> {
  const text = fc.stringMatching(/^[a-zäé€ ]{0,8}$/);
  return fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      text,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.stringMatching(/^\w{1,5}$/), tie("value"), { maxKeys: 4 }),
    ),
  })).value;
}
