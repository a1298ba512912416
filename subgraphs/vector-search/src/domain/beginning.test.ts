import { expect, test } from "vitest";
import { beginningOf } from "./beginning.ts";

test.each([
  ["abc", 5, "abc"],
  ["abcdef", 3, "abc"],
  ["ab😀", 3, "ab"],
  ["ab😀", 4, "ab😀"],
])("the beginning of %j in %i units is %j", (text, units, beginning) => {
  expect(beginningOf(text, units)).toBe(beginning);
});
