import { tokensOf, isCapitalised } from "./linking/token.ts";

/** An article as far as it says whether it repeats another one. */
export interface CopiedText {
  title: string;
  summary: string | null;
  /** Symbols of the instruments that its text speaks of. */
  mentioned: readonly string[];
  source: string;
  /** RFC 3339. */
  publishedAt: string;
}

/** What of a text a copy shares. */
export interface Fingerprint {
  title: Part;
  /** Title and summary together; null where there is no summary. */
  whole: Part | null;
  mentioned: ReadonlySet<string>;
  source: string;
  publishedMs: number;
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
/** What adds more than this part of the earlier text says more than it, and is no copy. Datelines, by-lines and a sentence are less. */
const ADDED_MAX = 0.5;
/** Shorter texts say too little. */
const SHINGLES_MIN = 3;
/** A headline alone that its publisher repeats after this long is that of a column: it is new each day. */
const COLUMN_MS_MIN = 12 * 3_600_000;

const NUMBER = /^\d[\d.,]*$/u;

/**
 * Broder's shingles ("On the resemblance and containment of documents", 1997), of two words since articles are short, and the names and
 * numbers that tell apart what is written by one pattern. `common`: words of the language.
 */
export function fingerprintOf(
  { title, summary, mentioned, source, publishedAt }: CopiedText,
  common: ReadonlySet<string>,
): Fingerprint {
  return {
    title: partOf(title, common),
    whole: summary === null ? null : partOf(`${title}\n${summary}`, common),
    mentioned: new Set(mentioned),
    source,
    publishedMs: Date.parse(publishedAt),
  };
}

/**
 * Whether the later one to come repeats the earlier: most of their words in the same order, no name of the title or number exchanged, and
 * not much more than the earlier one says. Where the later one is a headline alone, headlines are compared.
 */
export function isCopyOf(earlier: Fingerprint, later: Fingerprint): boolean {
  const isHeadline = later.whole === null;
  // The article that follows its headline.
  if (!isHeadline && earlier.whole === null) return false;
  if (isHeadline && isColumn(earlier, later)) return false;
  const [before, after] = isHeadline ? [earlier.title, later.title] : [earlier.whole!, later.whole!];
  if (isExchanged(before.numbers, after.numbers, before.numbers, after.numbers)) return false;
  if (isExchanged(earlier.title.names, later.title.names, before.names, after.names)) return false;
  if (isExchanged(earlier.mentioned, later.mentioned, earlier.mentioned, later.mentioned)) return false;
  return repeats(before.shingles, after.shingles);
}

function isColumn(earlier: Fingerprint, later: Fingerprint): boolean {
  return earlier.source === later.source && Math.abs(later.publishedMs - earlier.publishedMs) >= COLUMN_MS_MIN;
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

function repeats(earlier: ReadonlySet<string>, later: ReadonlySet<string>): boolean {
  if (Math.min(earlier.size, later.size) < SHINGLES_MIN) return false;
  const shared = [...later].filter((shingle) => earlier.has(shingle)).length;
  if ((later.size - shared) / earlier.size > ADDED_MAX) return false;
  if (shared / (earlier.size + later.size - shared) >= RESEMBLANCE_MIN) return true;
  return shared / later.size >= CONTAINMENT_MIN && later.size / earlier.size >= KEPT_MIN;
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
