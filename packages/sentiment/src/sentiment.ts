import { clauseScore } from "./clause-score.ts";
import { weightOf } from "./word-weight.ts";

/** Words that weigh this much together count as fully good or bad: the sum is bent into -1 … 1 around it. */
const HALF_WAY = 4;

const ENDS_CLAUSE = /[.!?;:,\n]|(?<!anything )\b(?:but|while|whereas|although|though|yet)\b/gu;
/** What may part what is said of one from what is said of another. */
const PARTS = /[.!?;:,\n]|\b(?:but|while|whereas|although|though|yet|and|as)\b/gu;
/** What is good for the one before it is bad for the one after it. */
const AGAINST = /\b(?:beats?|beat|outperform(?:s|ed)?|overt(?:akes?|ook)|against|from|expense|over)\b/u;

/** Where a text speaks of something, in UTF-16 code units. */
export interface TextPlace {
  start: number;
  end: number;
}

/**
 * How good or bad a text sounds, from -1 to 1, by the words of a lexicon of market news and what they do to each other; null when
 * none of them occurs. A negated word counts against its meaning at three quarters of its weight: "not good" is bad, but less
 * than "bad".
 */
export function sentimentOf(text: string): number | null {
  return bent(normal(text).split(ENDS_CLAUSE));
}

/** How it sounds for the one at a place, beside others: by the parts that are about it, and against it where it is the loser. */
export function sentimentAbout(text: string, about: TextPlace, others: readonly TextPlace[]): number | null {
  const said = normal(text);
  const own: string[] = [];
  let against = 0;
  let owner: "ABOUT" | "OTHER" | null = null;
  const unowned: string[] = [];
  for (const { start, end } of partsOf(said)) {
    const part = said.slice(start, end);
    const isIn = (place: TextPlace) => place.start >= start && place.end <= end;
    const other = others.find(isIn);
    if (isIn(about) && other) {
      const [first, last] = about.start < other.start ? [about, other] : [other, about];
      if (AGAINST.test(said.slice(first.end, last.start))) against += first === about ? 2 : -2;
      else own.push(part);
      owner = null;
    } else if (isIn(about) || other) {
      owner = isIn(about) ? "ABOUT" : "OTHER";
      if (owner === "ABOUT") own.push(...unowned.splice(0), part);
      else unowned.length = 0;
    } else if (owner === "ABOUT") own.push(part);
    else if (owner === null) unowned.push(part);
  }
  return bent([...own, ...(owner === null ? unowned : [])], against);
}

/** The sentiment of an article: of its title and summary, which are clauses of their own. */
export function sentimentOfArticle({ title, summary }: { title: string; summary: string | null }): number | null {
  return sentimentOf(`${title}\n${summary ?? ""}`);
}

/** What the lexicon alone says, whatever the words do to each other: to measure the rest by. */
export function bareSentimentOf(text: string): number | null {
  const weights = (normal(text).match(/[\p{L}\p{N}][\p{L}\p{N}'-]*/gu) ?? [])
    .map(weightOf)
    .filter((each) => each !== 0);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.length === 0 ? null : scaled(sum);
}

/** In lower case, of the same length: places stay right. */
const normal = (text: string): string => text.replace(/\p{Lu}/gu, lowerOfSameLength).replaceAll("’", "'");

function lowerOfSameLength(letter: string): string {
  const lower = letter.toLowerCase();
  return lower.length === letter.length ? lower : letter;
}

function partsOf(text: string): TextPlace[] {
  const parts: TextPlace[] = [];
  let start = 0;
  for (const { index, 0: mark } of text.matchAll(PARTS)) {
    parts.push({ start, end: index });
    start = index + mark.length;
  }
  return [...parts, { start, end: text.length }];
}

function bent(clauses: readonly string[], more = 0): number | null {
  const scores = clauses.map(clauseScore);
  const found = scores.reduce((total, score) => total + score.found, 0);
  if (found === 0 && more === 0) return null;
  return scaled(scores.reduce((total, score) => total + score.sum, more));
}

const scaled = (sum: number): number => Math.round((sum / (Math.abs(sum) + HALF_WAY)) * 1_000) / 1_000;
