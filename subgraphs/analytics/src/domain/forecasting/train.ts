import { CodedError } from "@mib/service/coded-error";
import type { IndicatorBar } from "../indicators/indicator.ts";
import { CALIBRATION_MAX } from "./conformal.ts";
import { backtest, compareOutcomes, type Evaluation } from "./evaluate.ts";
import { isKnown } from "./example.ts";
import { learnerOf, type Fitted } from "./learners.ts";
import type { Verdict } from "./losses.ts";
import type { ModelSpec } from "./model-spec.ts";
import { backtestOutcomes, examplesOf } from "./pipeline.ts";
import { TRAINING_LEAST } from "./walk-forward.ts";

/** What training makes of bars. */
export interface TrainedModel {
  fitted: Fitted;
  /** The scores of the last forecasts of the walk through the training range: intervals are made of them. */
  calibration: readonly number[];
  evaluation: Evaluation;
  /** Against the champion's kind and settings on the same bars; null without one, or where it forecasts something else. */
  challenge: { loss: number; championLoss: number; verdict: Verdict } | null;
  /** From the first feature's time to the last outcome's. */
  fromMs: number;
  toMs: number;
  examples: number;
}

/**
 * Walks through the bars first, to see what forecasts would have been worth, then fits on all of them. `champion` is what the
 * model would replace.
 */
export function train(
  spec: ModelSpec,
  bars: readonly IndicatorBar[],
  champion: ModelSpec | null,
  onProgress: (share: number) => void = () => {},
): TrainedModel {
  const examples = examplesOf(spec, bars);
  const known = examples.filter(isKnown);
  if (known.length < TRAINING_LEAST)
    throw new CodedError(
      "TOO_FEW_BARS",
      `The bars give ${known.length} examples to learn from; it takes ${TRAINING_LEAST}, and as many again to judge by.`,
      { examples: known.length, examplesLeast: TRAINING_LEAST },
    );
  const { outcomes, evaluation } = backtest(spec, bars, (share) => onProgress(share * 0.9), examples);
  const isComparable = champion !== null && champion.target === spec.target && champion.measure === spec.measure;
  const compared = isComparable ? compareOutcomes(spec, outcomes, backtestOutcomes(champion, bars)) : null;
  return {
    fitted: learnerOf(spec).fit(known),
    calibration: outcomes.flatMap(({ score }) => score ?? []).slice(-CALIBRATION_MAX),
    evaluation,
    challenge: compared && { loss: compared.loss, championLoss: compared.otherLoss, verdict: compared.verdict },
    fromMs: known[0]!.atMs,
    toMs: known.at(-1)!.untilMs,
    examples: known.length,
  };
}
