import { stemmer } from "stemmer";

interface TextRange {
  start: number;
  end: number;
}

/** A passage, and where in it the query's words are, in UTF-16 code units. */
export interface Snippet {
  text: string;
  highlights: TextRange[];
}

const CHARACTERS_MAX = 300;
const WORD = /[\p{L}\p{N}]+/gu;
/** A sentence, or a piece of one that is too long. */
const PASSAGE = new RegExp(`[^.!?\\n]{1,${CHARACTERS_MAX}}[.!?]*`, "gu");
/** Words that say nothing by themselves. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  "a an and are as at be but by for from has have in is it its of on or that the their this to was were what which will with".split(
    " ",
  ),
);

/** The passage of an article that has most of the query's different words, the title where none has any. */
export function snippetOf({ title, summary }: { title: string; summary: string | null }, query: string): Snippet {
  const wanted = stemsOf(query);
  let best: Snippet = { text: title, highlights: [] };
  let most = 0;
  for (const text of [title, ...passagesOf(summary ?? "")]) {
    const { stems, highlights } = found(text, wanted);
    if (stems <= most) continue;
    most = stems;
    best = { text, highlights };
  }
  return best;
}

function passagesOf(text: string): string[] {
  return [...text.matchAll(PASSAGE)].map(([passage]) => passage.trim()).filter((passage) => passage !== "");
}

function stemsOf(query: string): Set<string> {
  const words = [...query.toLowerCase().matchAll(WORD)].map(([word]) => word);
  return new Set(words.filter((word) => !STOP_WORDS.has(word)).map((word) => stemmer(word)));
}

function found(text: string, wanted: ReadonlySet<string>): { stems: number; highlights: TextRange[] } {
  const stems = new Set<string>();
  const highlights: TextRange[] = [];
  for (const { 0: word, index } of text.matchAll(WORD)) {
    const stem = stemmer(word.toLowerCase());
    if (!wanted.has(stem)) continue;
    stems.add(stem);
    highlights.push({ start: index, end: index + word.length });
  }
  return { stems: stems.size, highlights };
}
