import { readFileSync } from "node:fs";

export type Label = -1 | 0 | 1;

/** A sentence, and how it sounds for what it is about. */
export interface JudgedSentence {
  kind: "plain" | "neutral" | "negation" | "two";
  label: Label;
  /** Whom it is judged for; null for the sentence as a whole. */
  about: string | null;
  text: string;
  /** Everyone who is judged in this sentence. */
  everyone: readonly string[];
}

export function judgedSentences(): JudgedSentence[] {
  const rows = readFileSync(new URL("judged-sentences.tsv", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split("\t") as [JudgedSentence["kind"], string, string, string]);
  return rows.map(([kind, label, about, text]) => ({
    kind,
    label: Number(label) as Label,
    about: about === "" ? null : about,
    text,
    everyone: rows.filter((row) => row[3] === text && row[2] !== "").map((row) => row[2]),
  }));
}
