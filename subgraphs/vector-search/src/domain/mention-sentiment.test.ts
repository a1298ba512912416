import { expect, test } from "vitest";
import type { ArticleMention } from "./article.ts";
import { sentimentsOfMentions } from "./mention-sentiment.ts";

const TITLE = "Norva gained while Quiltec slumped";
const mention = (symbol: string, name: string): ArticleMention => ({
  symbols: [symbol],
  kind: "NAME",
  part: "TITLE",
  start: TITLE.indexOf(name),
  end: TITLE.indexOf(name) + name.length,
});

test("each mention sounds as what is said of it, and the text is taken once", () => {
  let reads = 0;
  const mentions = [mention("NRVA", "Norva"), mention("QLTC", "Quiltec")];
  const sentimentOf = sentimentsOfMentions({
    title: TITLE,
    get summary() {
      reads += 1;
      return null;
    },
    mentions,
  });
  const [norva, quiltec] = mentions.map(sentimentOf);
  expect(norva).toBeGreaterThan(0);
  expect(quiltec).toBeLessThan(0);
  expect(reads).toBe(1);
});
