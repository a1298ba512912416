import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface ComparedText {
  title: string;
  summary: string | null;
}

/** Two articles, the earlier one first, and whether the second repeats the first. */
export interface ComparedArticles {
  original: ComparedText;
  later: ComparedText;
  isCopy: boolean;
}

/** Labelled by hand: `copied-articles.txt` says how. */
export function comparedArticles(): ComparedArticles[] {
  const compared: ComparedArticles[] = [];
  let original: ComparedText | null = null;
  for (const line of readFileSync(join(import.meta.dirname, "copied-articles.txt"), "utf8").split("\n")) {
    const mark = line[0];
    if (mark === undefined || mark === "#") continue;
    const text = textOf(line.slice(2));
    if (mark === "=") original = text;
    else if (original !== null) compared.push({ original, later: text, isCopy: mark === "+" });
  }
  return compared;
}

function textOf(line: string): ComparedText {
  const [title = "", summary = null] = line.split(" | ");
  return { title, summary };
}

/** Of what is said to be a copy, the part that is one; and of the copies, the part that is said to be one. */
export function copyQuality(
  compared: readonly ComparedArticles[],
  saysCopy: (each: ComparedArticles) => boolean,
): { precision: number; recall: number } {
  const said = compared.filter(saysCopy);
  const right = said.filter(({ isCopy }) => isCopy).length;
  const copies = compared.filter(({ isCopy }) => isCopy).length;
  return { precision: said.length === 0 ? 1 : right / said.length, recall: right / copies };
}
