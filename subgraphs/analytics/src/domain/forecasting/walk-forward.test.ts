import { describe, expect, test } from "vitest";
import type { IndicatorBar } from "../indicators/indicator.ts";
import { directionExamples } from "./direction-examples.ts";
import type { Example } from "./example.ts";
import { learnerOf, naiveLearnerOf, type Learner } from "./learners.ts";
import { findLookAhead } from "./look-ahead.ts";
import { modelSpec, type ModelArguments } from "./model-spec.ts";
import { backtestOutcomes, examplesOf, scoreOf } from "./pipeline.ts";
import { REFIT_ALWAYS, walkForward } from "./walk-forward.ts";

const DAY_MS = 86_400_000;

/** Bars of a day whose prices wander, the same each time. */
function days(count: number): IndicatorBar[] {
  let close = 100;
  return Array.from({ length: count }, (_, at) => {
    const open = close;
    close *= Math.exp(0.02 * Math.sin(at * 12.9898) * (1 + 0.5 * Math.sin(at / 9)) + 0.01 * Math.sin(at * 4.1414));
    const width = 1 + 0.006 * (1.2 + Math.sin(at * 7.77));
    return {
      openedAtMs: at * DAY_MS,
      open,
      high: Math.max(open, close) * width,
      low: Math.min(open, close) / width,
      close,
      volume: 100 + (at % 7),
    };
  });
}

const specOf = (given: Omit<ModelArguments, "symbol">) => modelSpec({ symbol: "X", measure: "RANGE", ...given });
const options = (learner: Learner) => ({
  learner,
  naive: { fit: () => ({}), forecast: () => 0 },
  scoreOf: (actual: number, forecast: number) => Math.abs(actual - forecast),
  coverage: 0.9,
});

test("a learner is fitted on examples whose outcome had happened by the time of the forecast, and on all of these", () => {
  const horizon = 3;
  const examples: Example[] = Array.from({ length: 200 }, (_, at) => ({
    atMs: at,
    untilMs: at + horizon,
    features: [at],
    naive: 0,
    actual: at,
  }));
  const seen: number[] = [];
  const learner: Learner = {
    fit: (known) => ({ last: known.at(-1)!.untilMs, count: known.length }),
    forecast: (fitted, { features }) => {
      seen.push(features[0]! - (fitted["last"] as number));
      expect(fitted["count"]).toBe((fitted["last"] as number) - horizon + 1);
      return 0;
    },
  };
  walkForward(examples, options(learner));
  // Fitted on the newest there is, then up to 19 forecasts old.
  expect(Math.min(...seen)).toBe(0);
  expect(Math.max(...seen)).toBe(19);
});

test("what is handed to a learner for a forecast has no outcome in it", () => {
  const examples = examplesOf(specOf({ kind: "HAR_RV" }), days(150));
  const learner: Learner = {
    fit: () => ({}),
    forecast: (_, example) => {
      expect(Object.keys(example).sort()).toEqual(["features", "naive"]);
      return 1;
    },
  };
  expect(walkForward(examples, options(learner)).length).toBeGreaterThan(50);
});

test.each([
  { kind: "HAR_RV" },
  { kind: "HAR_RV", horizon: 5 },
  { kind: "EWMA" },
  { kind: "LOGISTIC" },
  { kind: "LOGISTIC", horizon: 4 },
] as const)("nothing looks ahead: $kind", (given) => {
  const spec = specOf(given);
  const bars = days(250);
  const run = (changed: readonly IndicatorBar[]) => backtestOutcomes(spec, changed, { refits: REFIT_ALWAYS });
  expect(run(bars).length).toBeGreaterThan(50);
  expect(findLookAhead(run, bars)).toBeNull();
});

describe("a leak is caught", () => {
  const spec = specOf({ kind: "LOGISTIC", horizon: 3 });
  const run = (learner: Learner, change: (examples: Example[], bars: readonly IndicatorBar[]) => Example[]) => {
    return (bars: readonly IndicatorBar[]) =>
      walkForward(change(directionExamples(bars, spec, DAY_MS), bars), {
        learner,
        naive: naiveLearnerOf(spec),
        scoreOf: scoreOf(spec),
        coverage: 0.9,
        refits: REFIT_ALWAYS,
      });
  };
  const learner = learnerOf(spec);

  test("a feature that is centred on its day, as by a window that goes on behind it", () => {
    const leaking = run(learner, (examples, bars) =>
      examples.map((example) => {
        const at = example.atMs / DAY_MS - 1;
        const next = bars[at + 1] ?? bars[at]!;
        return { ...example, features: [...example.features, Math.log(next.close / bars[at]!.close)] };
      }),
    );
    expect(findLookAhead(leaking, days(250))).not.toBeNull();
  });

  test("features that are scaled by the mean of all of the series", () => {
    const leaking = run(learner, (examples) => {
      const mean = examples.reduce((sum, { features }) => sum + features[0]!, 0) / examples.length;
      return examples.map((example) => ({
        ...example,
        features: [example.features[0]! - mean, ...example.features.slice(1)],
      }));
    });
    // A constant that is taken off changes no fit that is centred itself, but by rounding: the check sees even that.
    expect(findLookAhead(leaking, days(250))).not.toBeNull();
  });

  test("outcomes that are said to be known a day before they are", () => {
    const leaking = run(learner, (examples) =>
      examples.map((example) => ({ ...example, untilMs: example.untilMs - DAY_MS })),
    );
    expect(findLookAhead(leaking, days(250))).not.toBeNull();
  });

  test("coefficients that were fitted on everything", () => {
    const leaking = (bars: readonly IndicatorBar[]) => {
      const all = directionExamples(bars, spec, DAY_MS).filter(({ actual }) => actual !== null);
      const fitted = learner.fit(all as never);
      return run({ fit: () => fitted, forecast: learner.forecast }, (examples) => examples)(bars);
    };
    expect(findLookAhead(leaking, days(250))).not.toBeNull();
  });
});

test("a planted leak would have looked like skill", () => {
  const spec = specOf({ kind: "LOGISTIC" });
  const bars = days(400);
  const honest = directionExamples(bars, spec, DAY_MS);
  const leaking = honest.map((example) => ({ ...example, features: [...example.features, example.actual ?? 0] }));
  const accuracy = (examples: Example[]) => {
    const walked = walkForward(examples, {
      learner: learnerOf(spec),
      naive: naiveLearnerOf(spec),
      scoreOf: scoreOf(spec),
      coverage: 0.9,
    }).filter(({ actual }) => actual !== null);
    return walked.filter(({ actual, forecast }) => Number(forecast > 0.5) === actual).length / walked.length;
  };
  expect(accuracy(leaking)).toBeGreaterThan(0.99);
  expect(accuracy(honest)).toBeLessThan(0.99);
});
