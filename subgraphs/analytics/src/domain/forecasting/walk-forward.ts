import { CALIBRATION_MAX, conformalRadius } from "./conformal.ts";
import { isKnown, type Example, type KnownExample } from "./example.ts";
import type { Fitted, Learner } from "./learners.ts";

/** Fewer examples than these are learned nothing from. */
export const TRAINING_LEAST = 60;
/** A model is fitted anew, on all that is known by then, when so many examples more are known, and this part more. */
const REFITS = { examples: 20, share: 0.05 };
/** Anew for each forecast. */
export const REFIT_ALWAYS = { examples: 1, share: 0 };

/** A forecast as it would have been made at a time, and what came of it. */
export interface Outcome {
  atMs: number;
  forecast: number;
  naive: number;
  /** How far the forecast may be off, as a score; null while there are too few scores. */
  radius: number | null;
  /** The score of what happened; null where that is not known. */
  score: number | null;
  actual: number | null;
}

export interface WalkForwardOptions {
  learner: Learner;
  naive: Learner;
  /** How unusual an outcome is beside a forecast. */
  scoreOf(actual: number, forecast: number): number;
  coverage: number;
  refits?: typeof REFITS | undefined;
  onProgress?: ((share: number) => void) | undefined;
}

/**
 * Forecasts each example in the order of time with what was known then: a model is fitted on examples whose outcome had
 * happened by that time, and its interval comes from the scores of forecasts that had come due. A learner is handed those
 * examples and nothing else. The first `TRAINING_LEAST` known examples are for learning alone.
 */
export function walkForward(examples: readonly Example[], options: WalkForwardOptions): Outcome[] {
  const { learner, naive, scoreOf, coverage, refits = REFITS, onProgress } = options;
  const outcomes: Outcome[] = [];
  const known: KnownExample[] = [];
  const scores: { untilMs: number; score: number }[] = [];
  let scoresDue = 0;
  let nextKnown = 0;
  let fitted: { learner: Fitted; naive: Fitted; refitFrom: number } | null = null;
  for (const [at, example] of examples.entries()) {
    // Outcomes come due in the order of their examples: each is forecast over the same number of periods.
    for (; nextKnown < at && examples[nextKnown]!.untilMs <= example.atMs; nextKnown += 1) {
      const past = examples[nextKnown]!;
      if (isKnown(past)) known.push(past);
    }
    if (known.length < TRAINING_LEAST) continue;
    if (fitted === null || known.length >= fitted.refitFrom) {
      const refitFrom = known.length + Math.max(refits.examples, known.length * refits.share);
      fitted = { learner: learner.fit([...known]), naive: naive.fit([...known]), refitFrom };
    }
    while (scoresDue < scores.length && scores[scoresDue]!.untilMs <= example.atMs) scoresDue += 1;
    const due = scores.slice(Math.max(0, scoresDue - CALIBRATION_MAX), scoresDue).map(({ score }) => score);
    const visible = { features: example.features, naive: example.naive };
    const forecast = learner.forecast(fitted.learner, visible);
    const score = example.actual === null ? null : scoreOf(example.actual, forecast);
    if (score !== null) scores.push({ untilMs: example.untilMs, score });
    outcomes.push({
      atMs: example.atMs,
      forecast,
      naive: naive.forecast(fitted.naive, visible),
      radius: conformalRadius(due, coverage),
      score,
      actual: example.actual,
    });
    if (at % 50 === 0) onProgress?.(at / examples.length);
  }
  return outcomes;
}
