import { expect, test } from "vitest";
import { madeCorpus } from "./judged-corpus.ts";
import { ndcgAt, recallAt } from "./ranking-measures.ts";

const judged = new Map([
  ["a", 3],
  ["b", 2],
  ["c", 1],
]);

test.each([
  [["a", "b", "c"], 1],
  [["x", "y"], 0],
  // (1 + 2/log2(3) + 3/2) / (3 + 2/log2(3) + 1/2)
  [["c", "b", "a"], 0.7899980042460358],
])("nDCG of %s", (ranking, expected) => {
  expect(ndcgAt(10)(ranking, judged)).toBeCloseTo(expected, 12);
});

test("only the first count", () => {
  expect(ndcgAt(1)(["x", "a"], judged)).toBe(0);
  expect(recallAt(2)(["x", "a", "b"], judged)).toBeCloseTo(1 / 3, 12);
});

test("the made corpus has enough texts and questions, each with answers and no text twice", () => {
  const { texts, queries } = madeCorpus();
  expect(texts.length).toBeGreaterThanOrEqual(5_000);
  expect(queries.length).toBeGreaterThanOrEqual(100);
  expect(new Set(queries.map(({ text }) => text)).size).toBe(queries.length);
  for (const { judged: answers } of queries) expect(answers.size).toBeGreaterThanOrEqual(4);
  expect(new Set(texts.map(({ title, text }) => title + text)).size).toBe(texts.length);
});
