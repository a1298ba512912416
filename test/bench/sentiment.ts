import { bareSentimentOf, sentimentAbout, sentimentOf } from "@mib/sentiment/sentiment";
import type { BenchResult } from "./bench-result.ts";
import { halves } from "./search/halves.ts";
import { classificationQuality } from "./sentiment/classification-quality.ts";
import { judgedSentences, type JudgedSentence, type Label } from "./sentiment/judged-sentences.ts";

export const name = "sentiment";

/** Scores nearer to zero count as neither good nor bad. */
const NEITHER_BELOW = 0.1;

/** How a sentence sounds, for the one it is judged for, by the scorer that the platform shows. */
export function scored({ text, about, everyone }: JudgedSentence): number | null {
  const placeOf = (who: string) => ({ start: text.indexOf(who), end: text.indexOf(who) + who.length });
  if (about === null) return sentimentOf(text);
  return sentimentAbout(text, placeOf(about), everyone.filter((who) => who !== about).map(placeOf));
}

export function labelled(score: number | null): Label {
  return score === null || Math.abs(score) < NEITHER_BELOW ? 0 : (Math.sign(score) as Label);
}

/** How often the scorer is right about judged sentences, beside the lexicon alone. */
export async function run(): Promise<BenchResult> {
  const scorers = { scorer: scored, lexicon: ({ text }: JudgedSentence) => bareSentimentOf(text) };
  const rows = Object.entries(halves(judgedSentences(), ({ text }) => text)).flatMap(([half, sentences]) => [
    { id: `sentiment.judgements.${half}`, value: sentences.length, unit: "judgements" },
    ...Object.entries(scorers).flatMap(([scorer, score]) => {
      const pairs = sentences.map((each) => ({ label: each.label, found: labelled(score(each)), kind: each.kind }));
      const { accuracy, macroF1 } = classificationQuality(pairs);
      const ofKind = (kind: string) => classificationQuality(pairs.filter((pair) => pair.kind === kind)).accuracy;
      return [
        { id: `sentiment.accuracy.${half}.${scorer}`, value: accuracy, unit: "0 to 1" },
        { id: `sentiment.macro-f1.${half}.${scorer}`, value: macroF1, unit: "0 to 1" },
        { id: `sentiment.accuracy-negation.${half}.${scorer}`, value: ofKind("negation"), unit: "0 to 1" },
        { id: `sentiment.accuracy-two.${half}.${scorer}`, value: ofKind("two"), unit: "0 to 1" },
      ];
    }),
  ]);
  return { rows, notes: ["The sentences were written for this, by who changed the scorer, before it was changed."] };
}
