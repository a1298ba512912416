import { weighClause, type WeighedWords } from "./weigh-clause.ts";
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
  return scoreOf(weighText(text));
}

/** How a text sounds, how sure that is, and which of its words say so. */
export interface ExplainedSentiment {
  /** That of `sentimentOf`. */
  score: number;
  /**
   * From 0 to 1: how far the words agree (what they weigh together over what each weighs) times how many there are, n / (n + 1).
   * It is no probability.
   */
  confidence: number;
  /** As they stand in the text. What they weigh together makes the score. */
  words: readonly WeighedWords[];
}

/** As `sentimentOf`, with its reasons. */
export function explainSentiment(text: string): ExplainedSentiment | null {
  const words = weighText(text).toSorted((one, other) => one.start - other.start);
  const score = scoreOf(words);
  if (score === null) return null;
  const weighed = words.reduce((total, { weight }) => total + Math.abs(weight), 0);
  const agreement = Math.abs(sumOf(words)) / weighed;
  return { score, confidence: rounded((agreement * words.length) / (words.length + 1)), words };
}

/** How it sounds for the one at a place, beside others: by the parts that are about it, and against it where it is the loser. */
export function sentimentAbout(text: string, about: TextPlace, others: readonly TextPlace[]): number | null {
  return new HeardText(text).about(about, others);
}

/** A text that is heard for several of those whom it is about: its parts are found and weighed once. */
export class HeardText {
  readonly #said: string;
  readonly #parts: readonly TextPlace[];
  readonly #weighed: (WeighedWords[] | undefined)[] = [];

  constructor(text: string) {
    this.#said = normal(text);
    this.#parts = partsOf(this.#said, PARTS);
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
    return scoreOf(
      [...own, ...(owner === null ? unowned : [])].flatMap((part) => this.#wordsOf(part)),
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

  #wordsOf(part: number): WeighedWords[] {
    const { start, end } = this.#parts[part]!;
    return (this.#weighed[part] ??= weighClause(this.#said.slice(start, end)));
  }
}

/** The sentiment of an article: of its title and summary, which are clauses of their own. */
export function sentimentOfArticle({ title, summary }: { title: string; summary: string | null }): number | null {
  return sentimentOf(articleText({ title, summary }));
}

/** What of an article is heard: its summary begins one code unit behind its title. */
export function articleText({ title, summary }: { title: string; summary: string | null }): string {
  return `${title}\n${summary ?? ""}`;
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

function weighText(text: string): WeighedWords[] {
  const said = normal(text);
  return partsOf(said, ENDS_CLAUSE).flatMap(({ start: before, end }) =>
    weighClause(said.slice(before, end)).map((words) => ({
      start: before + words.start,
      end: before + words.end,
      weight: words.weight,
    })),
  );
}

function partsOf(text: string, ends: RegExp): TextPlace[] {
  const parts: TextPlace[] = [];
  let start = 0;
  for (const { index, 0: mark } of text.matchAll(ends)) {
    parts.push({ start, end: index });
    start = index + mark.length;
  }
  return [...parts, { start, end: text.length }];
}

function scoreOf(words: readonly WeighedWords[], more = 0): number | null {
  return words.length === 0 && more === 0 ? null : scaled(sumOf(words) + more);
}

const sumOf = (words: readonly WeighedWords[]): number => words.reduce((total, { weight }) => total + weight, 0);

const scaled = (sum: number): number => rounded(sum / (Math.abs(sum) + HALF_WAY));

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;
