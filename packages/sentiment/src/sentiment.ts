import { clauseScore, type ClauseScore } from "./clause-score.ts";
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
  return bent(normal(text).split(ENDS_CLAUSE).map(clauseScore));
}

/** How it sounds for the one at a place, beside others: by the parts that are about it, and against it where it is the loser. */
export function sentimentAbout(text: string, about: TextPlace, others: readonly TextPlace[]): number | null {
  return new HeardText(text).about(about, others);
}

/** A text that is heard for several of those whom it is about: its parts are found and weighed once. */
export class HeardText {
  readonly #said: string;
  readonly #parts: readonly TextPlace[];
  readonly #scores: (ClauseScore | undefined)[] = [];

  constructor(text: string) {
    this.#said = normal(text);
    this.#parts = partsOf(this.#said);
  }

  /** As `sentimentAbout`. */
  about(about: TextPlace, others: readonly TextPlace[]): number | null {
    const aboutIn = this.#partOf(about);
    // The first of those in a part; one that goes beyond its part is in none.
    const otherIn = new Map(others.map((other) => [this.#partOf(other), other] as const).toReversed());
    const own: number[] = [];
    let against = 0;
    let owner: "ABOUT" | "OTHER" | null = null;
    const unowned: number[] = [];
    for (const part of this.#parts.keys()) {
      const isAbout = part === aboutIn;
      const other = otherIn.get(part);
      if (isAbout && other) {
        const [first, last] = about.start < other.start ? [about, other] : [other, about];
        if (AGAINST.test(this.#said.slice(first.end, last.start))) against += first === about ? 2 : -2;
        else own.push(part);
        owner = null;
      } else if (isAbout || other) {
        owner = isAbout ? "ABOUT" : "OTHER";
        if (owner === "ABOUT") own.push(...unowned.splice(0), part);
        else unowned.length = 0;
      } else if (owner === "ABOUT") own.push(part);
      else if (owner === null) unowned.push(part);
    }
    return bent(
      [...own, ...(owner === null ? unowned : [])].map((part) => this.#scoreOf(part)),
      against,
    );
  }

  /** The number of the part that a place is in, null for none. */
  #partOf({ start, end }: TextPlace): number | null {
    let [low, high] = [0, this.#parts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#parts[middle]!.start <= start) low = middle;
      else high = middle - 1;
    }
    const part = this.#parts[low]!;
    return part.start <= start && end <= part.end ? low : null;
  }

  #scoreOf(part: number): ClauseScore {
    const { start, end } = this.#parts[part]!;
    return (this.#scores[part] ??= clauseScore(this.#said.slice(start, end)));
  }
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

function bent(scores: readonly ClauseScore[], more = 0): number | null {
  const found = scores.reduce((total, score) => total + score.found, 0);
  if (found === 0 && more === 0) return null;
  return scaled(scores.reduce((total, score) => total + score.sum, more));
}

const scaled = (sum: number): number => Math.round((sum / (Math.abs(sum) + HALF_WAY)) * 1_000) / 1_000;
