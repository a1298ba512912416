import { expect, test } from "vitest";
import { BoundedLabels } from "./bounded-labels.ts";

test("the first values and those known from the start are told apart, the rest are one", () => {
  const labels = new BoundedLabels(2, ["known"]);
  const given = ["a", "known", "b", "c", "a", "d", "known"];
  expect(given.map((value) => labels.labelOf(value))).toEqual(["a", "known", "b", "other", "a", "other", "known"]);
});
