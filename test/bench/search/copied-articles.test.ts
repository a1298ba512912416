import { expect, test } from "vitest";
import { fingerprintOf, isCopyOf } from "../../../subgraphs/vector-search/src/domain/copy.ts";
import { commonWords } from "../../../subgraphs/vector-search/src/io/common-words.ts";
import { comparedArticles, copyQuality, type ComparedText } from "./copied-articles.ts";
import { halves } from "./halves.ts";

const fingerprint = (text: ComparedText, source = "wire") =>
  fingerprintOf({ ...text, mentioned: [], source, publishedAt: "2024-01-01T09:00:00Z" }, commonWords());

test.each(["open", "held-out"] as const)("copies are told from what only looks alike, %s half", (half) => {
  const compared = halves(comparedArticles(), ({ original }) => original.title)[half];
  expect(compared.length).toBeGreaterThan(20);
  const saysCopy = (each: (typeof compared)[number]) =>
    isCopyOf(fingerprint(each.original), fingerprint(each.later, "gazette"));
  const wrong = compared.filter((each) => saysCopy(each) !== each.isCopy).map(({ later }) => later.title);
  const { precision, recall } = copyQuality(compared, saysCopy);
  expect({ precision, recall, wrong }).toEqual({
    precision: expect.toSatisfy((value: number) => value >= 0.95),
    recall: expect.toSatisfy((value: number) => value >= 0.9),
    wrong: expect.any(Array),
  });
});
