import { CodedError } from "@mib/service/coded-error";
import type { IndicatorBar } from "../indicators/indicator.ts";
import { INTERVAL_MS } from "../interval-length.ts";
import { CALIBRATION_LEAST } from "./conformal.ts";
import type { Example } from "./example.ts";
import { findLookAhead } from "./look-ahead.ts";
import { compareLosses, type Verdict } from "./losses.ts";
import { barsRead, type ModelSpec } from "./model-spec.ts";
import { backtestOutcomes, examplesOf, lossOf, outcomesOf } from "./pipeline.ts";
import { REFIT_ALWAYS, type Outcome } from "./walk-forward.ts";

/** How good a model was over a range, forecast by forecast with what was known each time. */
export interface Evaluation {
  fromMs: number;
  toMs: number;
  forecasts: number;
  /** Means of QLIKE or of the logarithmic loss. */
  loss: number;
  naiveLoss: number;
  statistic: number;
  /** Against the naive forecast. */
  verdict: Verdict;
  /** Forecasts that had an interval, and the part of them in which the outcome was inside; null without any. */
  intervals: number;
  covered: number | null;
}

/** Fewer forecasts that can be judged say nothing about a model, and give no interval. */
const FORECASTS_LEAST = CALIBRATION_LEAST;

/** What features look back on, examples to learn from, forecasts to calibrate with, and some to see. */
const AUDIT_PERIODS = 250;

/**
 * `examples` are those of the bars. Throws TOO_FEW_BARS when there is too little to say anything, MODEL_LOOKS_AHEAD when a forecast depends on
 * what came later.
 */
export function backtest(
  spec: ModelSpec,
  bars: readonly IndicatorBar[],
  onProgress: (share: number) => void = () => {},
  examples: readonly Example[] = examplesOf(spec, bars),
): { outcomes: Outcome[]; evaluation: Evaluation } {
  const outcomes = outcomesOf(spec, examples, { onProgress });
  const evaluation = evaluate(spec, outcomes);
  const leak = findLookAhead(
    (changed) => backtestOutcomes(spec, changed, { refits: REFIT_ALWAYS }),
    auditBars(spec, bars),
  );
  if (leak !== null) throw new CodedError("MODEL_LOOKS_AHEAD", undefined, { at: new Date(leak.atMs).toISOString() });
  return { outcomes, evaluation };
}

/** The last bars, as many as it takes to look for the future in features, fits and intervals. */
function auditBars(spec: ModelSpec, bars: readonly IndicatorBar[]): readonly IndicatorBar[] {
  const barsPerPeriod = INTERVAL_MS[spec.interval] / INTERVAL_MS[barsRead(spec)];
  return bars.slice(-AUDIT_PERIODS * barsPerPeriod);
}

export function evaluate(spec: Pick<ModelSpec, "target" | "horizon">, outcomes: readonly Outcome[]): Evaluation {
  const scored = outcomes.filter(isScored);
  if (scored.length < FORECASTS_LEAST)
    throw new CodedError(
      "TOO_FEW_BARS",
      `The bars give ${scored.length} forecasts that can be judged; it takes ${FORECASTS_LEAST}.`,
      { forecasts: scored.length, forecastsLeast: FORECASTS_LEAST },
    );
  const loss = lossOf(spec);
  const compared = compareLosses(
    scored.map(({ actual, forecast }) => loss(actual, forecast)),
    scored.map(({ actual, naive }) => loss(actual, naive)),
    spec.horizon,
  );
  const bounded = scored.filter(({ radius }) => radius !== null);
  return {
    fromMs: scored[0]!.atMs,
    toMs: scored.at(-1)!.atMs,
    forecasts: scored.length,
    loss: compared.loss,
    naiveLoss: compared.otherLoss,
    statistic: compared.statistic,
    verdict: compared.verdict,
    intervals: bounded.length,
    covered:
      bounded.length === 0 ? null : bounded.filter(({ score, radius }) => score <= radius!).length / bounded.length,
  };
}

/** A challenger against another model, on the forecasts that both made. Null where there are too few. */
export function compareOutcomes(
  spec: Pick<ModelSpec, "target" | "horizon">,
  challenger: readonly Outcome[],
  other: readonly Outcome[],
): { loss: number; otherLoss: number; verdict: Verdict } | null {
  const loss = lossOf(spec);
  const others = new Map(other.filter(isScored).map((each) => [each.atMs, loss(each.actual, each.forecast)]));
  const common = challenger.filter(isScored).filter(({ atMs }) => others.has(atMs));
  if (common.length < FORECASTS_LEAST) return null;
  return compareLosses(
    common.map(({ actual, forecast }) => loss(actual, forecast)),
    common.map(({ atMs }) => others.get(atMs)!),
    spec.horizon,
  );
}

type Scored = Outcome & { actual: number; score: number };
const isScored = (outcome: Outcome): outcome is Scored => outcome.actual !== null && outcome.score !== null;
