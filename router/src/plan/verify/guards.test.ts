import { expect, test } from "vitest";
import type { Guard } from "../../shape/collect-fields.ts";
import { allOf, isImplied } from "./guards.ts";

/** `"a -b"`: a is true and b is not. */
function guard(text: string): Guard {
  return text
    .split(" ")
    .filter((each) => each !== "")
    .map((each) => ({ variable: each.replace("-", ""), expected: !each.startsWith("-") }));
}

test.each([
  ["", [""], true],
  ["", ["a"], false],
  ["a", ["a"], true],
  ["a", ["-a"], false],
  ["a b", ["b"], true],
  ["", ["a", "-a"], true],
  ["", ["a", "-a b"], false],
  ["b", ["a", "-a b"], true],
  ["", ["a b", "-a", "a -b"], true],
  ["a", [], false],
])("%j is implied by one of %j: %s", (given, others, implied) => {
  expect(isImplied(guard(given), others.map(guard))).toBe(implied);
});

test.each([
  [["a"], ["a -b"], ["a -b"]],
  [["a"], ["-a"], []],
  [["a", "-a"], ["b"], ["a b", "-a b"]],
  [["", "a"], ["b"], ["b"]],
])("%j together with %j hold under %j", (left, right, both) => {
  expect(allOf(left.map(guard), right.map(guard))).toEqual(both.map(guard));
});
