import { expect, test } from "vitest";
import { EntityLinker } from "../../../subgraphs/vector-search/src/domain/linking/entity-linker.ts";
import { commonWords } from "../../../subgraphs/vector-search/src/io/common-words.ts";
import { halves } from "./halves.ts";
import { linkedInstruments, linkedSentences } from "./linked-sentences.ts";
import { linkingQuality } from "./linking-quality.ts";

test("precision and recall are counted over all links together", () => {
  const sentences = [
    { text: "a", symbols: ["X", "Y"] },
    { text: "b", symbols: ["X"] },
    { text: "c", symbols: [] },
  ];
  const found: Record<string, string[]> = { a: ["X", "Z"], b: ["X"], c: ["Z"] };
  const { precision, recall, exact } = linkingQuality(sentences, (text) => found[text]!);
  expect([precision, recall, exact]).toEqual([2 / 4, 2 / 3, 1 / 3]);
});

test("the labelled sentences are enough, and name instruments that there are", () => {
  const sentences = linkedSentences();
  const symbols = new Set(linkedInstruments().map(({ symbol }) => symbol));
  expect(sentences.length).toBeGreaterThanOrEqual(300);
  expect(new Set(sentences.map(({ text }) => text)).size).toBe(sentences.length);
  for (const sentence of sentences)
    for (const symbol of sentence.symbols) expect(symbols, sentence.text).toContain(symbol);
  expect(sentences.filter((each) => each.symbols.length === 0).length).toBeGreaterThanOrEqual(100);
});

test.each(["open", "held-out"] as const)("texts are linked as well as they were on the %s half", (half) => {
  const linker = new EntityLinker(linkedInstruments(), commonWords());
  const sentences = halves(linkedSentences(), ({ text }) => text)[half];
  const { precision, recall } = linkingQuality(sentences, (text) => linker.symbolsIn(text));
  expect(precision).toBeGreaterThanOrEqual(0.95);
  expect(recall).toBeGreaterThanOrEqual(0.95);
});
