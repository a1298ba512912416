import { LEXICONS } from "./sentiment-lexicon.ts";

const NEGATIONS = new Set([
  "not",
  "no",
  "never",
  "without",
  "neither",
  "nor",
  "cannot",
  "hardly",
  "barely",
  "fails",
  "failed",
  "lack",
  "lacks",
  "denies",
  "denied",
]);
const STRENGTHENERS = new Set([
  "very",
  "sharply",
  "strongly",
  "heavily",
  "massively",
  "significantly",
  "deeply",
  "extremely",
  "steeply",
]);
const WEAKENERS = new Set(["slightly", "somewhat", "marginally", "modestly", "little", "partly"]);
/** A negation reaches this many words ahead, and not beyond the end of its clause. */
const NEGATION_REACH = 3;
/** Words that weigh this much together count as fully good or bad: the sum is bent into -1 … 1 around it. */
const HALF_WAY = 4;

/**
 * How good or bad a text sounds, from -1 to 1, by the words of a lexicon of market news; null when none of them occurs.
 * A negated word counts against its meaning at three quarters of its weight: "not good" is bad, but less than "bad".
 */
export function sentimentOf(text: string): number | null {
  let sum = 0;
  let found = 0;
  for (const clause of text
    .toLowerCase()
    .replaceAll("’", "'")
    .split(/[.!?;:,\n]|\bbut\b|\bwhile\b|\balthough\b/)) {
    const words = clause.match(/[\p{L}\p{N}][\p{L}\p{N}'-]*/gu) ?? [];
    words.forEach((word, index) => {
      const weight = weightOf(word);
      if (weight === 0) return;
      found += 1;
      sum += weight * factorBefore(words, index);
    });
  }
  if (found === 0) return null;
  return Math.round((sum / (Math.abs(sum) + HALF_WAY)) * 1_000) / 1_000;
}

/** The sentiment of an article: of its title and summary, which are clauses of their own. */
export function sentimentOfArticle({ title, summary }: { title: string; summary: string | null }): number | null {
  return sentimentOf(`${title}\n${summary ?? ""}`);
}

function factorBefore(words: readonly string[], index: number): number {
  let factor = 1;
  for (let back = 1; back <= NEGATION_REACH && index - back >= 0; back += 1) {
    const word = words[index - back] as string;
    if (NEGATIONS.has(word) || word.endsWith("n't")) return factor * -0.75;
    if (back === 1 && STRENGTHENERS.has(word)) factor = 1.5;
    if (back === 1 && WEAKENERS.has(word)) factor = 0.5;
  }
  return factor;
}

/** The weight of a word, or of the word that it is an inflection of; 0 when unknown. */
function weightOf(word: string): number {
  if (NEGATIONS.has(word)) return 0;
  const forms = [...baseForms(word)];
  for (const lexicon of LEXICONS) {
    for (const form of forms) {
      const weight = lexicon.get(form);
      if (weight !== undefined) return weight;
    }
  }
  return 0;
}

function* baseForms(word: string): Generator<string> {
  yield word;
  if (word.endsWith("'s")) yield word.slice(0, -2);
  if (word.length < 5) return;
  if (word.endsWith("s")) yield word.slice(0, -1);
  if (word.endsWith("es")) yield word.slice(0, -2);
  for (const ending of ["ed", "ing"]) {
    if (!word.endsWith(ending)) continue;
    const stem = word.slice(0, -ending.length);
    yield stem;
    yield `${stem}e`;
    // "slipped", "dropping": the last letter is doubled.
    if (stem.at(-1) === stem.at(-2)) yield stem.slice(0, -1);
  }
}
