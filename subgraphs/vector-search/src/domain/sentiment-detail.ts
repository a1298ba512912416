import { articleText, explainSentiment } from "@mib/sentiment/sentiment";
import type { Article } from "./article.ts";
import type { Post } from "./post.ts";

/** How a text sounds, and why. */
export interface SentimentDetail {
  score: number;
  confidence: number;
  wordCount: number;
  words: SentimentWord[];
}

/** What moved it, and where; the part is null of a text that has none. */
interface SentimentWord {
  text: string;
  part: "TITLE" | "SUMMARY" | null;
  range: { start: number; end: number };
  weight: number;
}

/** An article may be long: so many words say why. */
const WORDS_MAX = 20;

/** Of title and summary together; null when nothing in them says. */
export function articleSentiment(article: Pick<Article, "title" | "summary">): SentimentDetail | null {
  const summaryAt = article.title.length + 1;
  return detailOf(articleText(article), (start) =>
    start < summaryAt ? { part: "TITLE", before: 0 } : { part: "SUMMARY", before: summaryAt },
  );
}

/** Null when nothing in the text says. */
export function postSentiment({ text }: Pick<Post, "text">): SentimentDetail | null {
  return detailOf(text, () => ({ part: null, before: 0 }));
}

function detailOf(
  text: string,
  partAt: (start: number) => { part: SentimentWord["part"]; before: number },
): SentimentDetail | null {
  const explained = explainSentiment(text);
  if (explained === null) return null;
  const { score, confidence, words } = explained;
  return {
    score,
    confidence,
    wordCount: words.length,
    words: words
      // Of equal ones the first in the text comes first.
      .toSorted((one, other) => Math.abs(other.weight) - Math.abs(one.weight))
      .slice(0, WORDS_MAX)
      .map(({ start, end, weight }) => {
        const { part, before } = partAt(start);
        return { text: text.slice(start, end), part, range: { start: start - before, end: end - before }, weight };
      }),
  };
}
