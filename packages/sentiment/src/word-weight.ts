import { LEXICONS } from "./sentiment-lexicon.ts";

/** The weight of a word, or of the word that it is an inflection of, from -5 to 5; 0 when unknown. */
export function weightOf(word: string): number {
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
