import type { LinkedSentence } from "./linked-sentences.ts";

export interface LinkingQuality {
  /** Of the links that were made, the part that is right. */
  precision: number;
  /** Of the links that are right, the part that was made. */
  recall: number;
  f1: number;
  /** The part of all sentences with exactly the right links. */
  exact: number;
}

/** How well sentences are linked, over all their links together. `linked`: symbols that a text is found to be about. */
export function linkingQuality(
  sentences: readonly LinkedSentence[],
  linked: (text: string) => readonly string[],
): LinkingQuality {
  let [right, made, wanted, exact] = [0, 0, 0, 0];
  for (const { text, symbols } of sentences) {
    const found = new Set(linked(text));
    const hits = symbols.filter((symbol) => found.has(symbol)).length;
    right += hits;
    made += found.size;
    wanted += symbols.length;
    if (hits === symbols.length && found.size === hits) exact += 1;
  }
  const [precision, recall] = [right / made, right / wanted];
  return { precision, recall, f1: (2 * precision * recall) / (precision + recall), exact: exact / sentences.length };
}
