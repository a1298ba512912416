import { expect, test } from "vitest";
import { halves } from "../search/halves.ts";
import { labelled, scored } from "../sentiment.ts";
import { classificationQuality } from "./classification-quality.ts";
import { judgedSentences } from "./judged-sentences.ts";

test("accuracy and F1 are those of the textbook", () => {
  const pairs = [
    { label: 1, found: 1 },
    { label: 1, found: 0 },
    { label: 0, found: 0 },
    { label: -1, found: 1 },
  ];
  // F1 of 1: 2/4; of 0: 2/3; of -1: 0.
  const { accuracy, macroF1 } = classificationQuality(pairs);
  expect(accuracy).toBe(0.5);
  expect(macroF1).toBeCloseTo((1 / 2 + 2 / 3 + 0) / 3, 12);
});

test("the judgements are enough, with negations and with two whom a sentence is about", () => {
  const sentences = judgedSentences();
  expect(sentences.length).toBeGreaterThanOrEqual(300);
  expect(sentences.filter(({ kind }) => kind === "negation").length).toBeGreaterThanOrEqual(80);
  const two = sentences.filter(({ kind }) => kind === "two");
  expect(two.length).toBeGreaterThanOrEqual(80);
  for (const { text, about, everyone } of two) {
    expect(text).toContain(about);
    expect(everyone, text).toContain(about);
  }
});

test.each([
  ["open", 0.85],
  ["held-out", 0.72],
] as const)("sentences are judged as well as they were on the %s half", (half, least) => {
  const sentences = halves(judgedSentences(), ({ text }) => text)[half];
  const pairs = sentences.map((each) => ({ label: each.label, found: labelled(scored(each)) }));
  const { accuracy, macroF1 } = classificationQuality(pairs);
  expect(accuracy).toBeGreaterThanOrEqual(least);
  expect(macroF1).toBeGreaterThanOrEqual(least);
});
