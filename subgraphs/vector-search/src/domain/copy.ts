import { tokensOf, isCapitalised } from "./linking/token.ts";

/** An article as far as it says whether it repeats another one. */
export interface CopiedText {
  title: string;
  summary: string | null;
  /** Symbols of the instruments that its text speaks of. */
  mentioned: readonly string[];
}

/** What of a text a copy shares. */
export interface Fingerprint {
  title: Part;
  /** Title and summary together; null where there is no summary. */
  whole: Part | null;
  mentioned: ReadonlySet<string>;
}

interface Part {
  /** Each two words that follow one another. */
  shingles: ReadonlySet<string>;
  numbers: ReadonlySet<string>;
  names: ReadonlySet<string>;
}

/** Chosen on the open half of the labelled articles. */
const RESEMBLANCE_MIN = 0.5;
const CONTAINMENT_MIN = 0.8;
/** What is cut off must leave this part of the shingles: else it is a note about the longer text. */
const KEPT_MIN = 0.35;
/** Shorter texts say too little. */
const SHINGLES_MIN = 3;

const NUMBER = /^\d[\d.,]*$/u;

/**
 * Broder's shingles ("On the resemblance and containment of documents", 1997), of two words since articles are short, and the names and
 * numbers that tell apart what is written by one pattern. `common`: words of the language.
 */
export function fingerprintOf({ title, summary, mentioned }: CopiedText, common: ReadonlySet<string>): Fingerprint {
  return {
    title: partOf(title, common),
    whole: summary === null ? null : partOf(`${title}\n${summary}`, common),
    mentioned: new Set(mentioned),
  };
}

/**
 * Whether one repeats the other: most of their words in the same order, and no name of the title or number exchanged. Where one of
 * them is a headline alone, headlines are compared.
 */
export function areCopies(one: Fingerprint, other: Fingerprint): boolean {
  const [left, right] = one.whole && other.whole ? [one.whole, other.whole] : [one.title, other.title];
  if (isExchanged(left.numbers, right.numbers, left.numbers, right.numbers)) return false;
  if (isExchanged(one.title.names, other.title.names, left.names, right.names)) return false;
  if (isExchanged(one.mentioned, other.mentioned, one.mentioned, other.mentioned)) return false;
  return areAlike(left.shingles, right.shingles);
}

function partOf(text: string, common: ReadonlySet<string>): Part {
  const tokens = tokensOf(text);
  const words = tokens.map(({ lower }) => plain(lower));
  const names = tokens.filter((token) => isCapitalised(token.text) && !common.has(token.lower));
  return {
    shingles: new Set(words.slice(1).map((word, at) => `${words[at]} ${word}`)),
    numbers: new Set(words.filter((word) => NUMBER.test(word))),
    names: new Set(names.map(({ lower }) => lower)),
  };
}

function areAlike(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  const [least, most] = [Math.min(one.size, other.size), Math.max(one.size, other.size)];
  if (least < SHINGLES_MIN) return false;
  const shared = [...one].filter((shingle) => other.has(shingle)).length;
  if (shared / (least + most - shared) >= RESEMBLANCE_MIN) return true;
  return shared / least >= CONTAINMENT_MIN && least / most >= KEPT_MIN;
}

/** Whether each has something that the other lacks: it stands in the other's place. What is only added or left out is not exchanged. */
function isExchanged(
  one: ReadonlySet<string>,
  other: ReadonlySet<string>,
  allOfOne: ReadonlySet<string>,
  allOfOther: ReadonlySet<string>,
): boolean {
  return ![...one].every((each) => allOfOther.has(each)) && ![...other].every((each) => allOfOne.has(each));
}

/** Without what publishers write differently: 1,000 is 1000. */
function plain(word: string): string {
  return NUMBER.test(word) ? word.replaceAll(",", "") : word;
}
