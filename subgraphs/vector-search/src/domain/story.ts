import { isCapitalised, tokensOf } from "./linking/token.ts";

/** An article as far as it says which story it tells. */
export interface Telling {
  story: string;
  facts: ReadonlySet<string>;
  /** Cosine similarity to the article in question. */
  similarity: number;
}

/** Articles this far apart tell different stories. */
export const STORY_HOURS_MAX = 48;
/** How many of the most similar articles are looked at. */
export const TELLINGS_MAX = 10;
/** What it is worth that all facts of the shorter article are in the other, beside the similarity; and how much both must be. Chosen on the open half of made stories. */
const FACTS_WEIGHT = 0.6;
const SCORE_MIN = 1;

const NUMBER = /^\d[\d.,]+$/u;
const NAME_LETTERS_MIN = 3;

/**
 * What articles of one story share in whatever words they tell it: names of people, places and companies, numbers, and the
 * instruments that they are about. `common`: words of the language.
 */
export function factsOf(
  { title, summary, about }: { title: string; summary: string | null; about: readonly string[] },
  common: ReadonlySet<string>,
): ReadonlySet<string> {
  const words = tokensOf(`${title}\n${summary ?? ""}`).filter(({ text, lower, opens }) => {
    if (NUMBER.test(text)) return true;
    return text.length >= NAME_LETTERS_MIN && isCapitalised(text) && !(opens && common.has(lower));
  });
  return new Set([...words.map(({ lower }) => lower), ...about]);
}

/**
 * The story of the article among these that is most like it, null when none is like enough. Without a fact in common two
 * articles tell different stories, however alike they sound: a strike at one company is not the strike at another.
 */
export function storyAmong(facts: ReadonlySet<string>, tellings: readonly Telling[]): string | null {
  let best: string | null = null;
  let most = SCORE_MIN;
  const nearest = tellings.toSorted((left, right) => right.similarity - left.similarity).slice(0, TELLINGS_MAX);
  for (const { story, facts: others, similarity } of nearest) {
    const shared = [...facts].filter((fact) => others.has(fact)).length;
    if (shared === 0) continue;
    const score = similarity + (FACTS_WEIGHT * shared) / Math.min(facts.size, others.size);
    if (score < most) continue;
    most = score;
    best = story;
  }
  return best;
}
