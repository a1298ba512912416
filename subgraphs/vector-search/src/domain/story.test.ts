import { expect, test } from "vitest";
import { factsOf, storyAmong } from "./story.ts";

const common = new Set(["the", "copper", "supply", "is", "cut", "after", "a", "strike"]);
const facts = (title: string, about: string[] = []) => factsOf({ title, summary: null, about }, common);

test("facts are names, numbers and instruments, and no words that a sentence begins with", () => {
  expect([...facts("Copper is cut. After a strike in Leipzig, Voltara lost 300 of 9", ["HG"])]).toEqual([
    "leipzig",
    "voltara",
    "300",
    "HG",
  ]);
});

test.each([
  ["alike, with a fact in common", [{ story: "a", facts: facts("x Voltara"), similarity: 0.8 }], "a"],
  ["alike, without", [{ story: "a", facts: facts("x Brightwheel"), similarity: 0.99 }], null],
  ["not alike", [{ story: "a", facts: facts("x Voltara"), similarity: 0.3 }], null],
  [
    "the one that is more alike",
    [
      { story: "a", facts: facts("x Voltara"), similarity: 0.8 },
      { story: "b", facts: facts("x Voltara"), similarity: 0.9 },
    ],
    "b",
  ],
  ["nothing before it", [], null],
])("%s", (_, tellings, story) => {
  expect(storyAmong(facts("the Voltara strike"), tellings)).toBe(story);
});
