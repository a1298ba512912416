import type { Example, KnownExample } from "./example.ts";
import { leastSquares, linear, meanOf } from "./least-squares.ts";
import { fitLogistic, probabilityOf, type LogisticFit } from "./logistic.ts";
import { qlike } from "./losses.ts";
import type { ModelSpec } from "./model-spec.ts";
import { DECAYS } from "./volatility-examples.ts";

/** What was learned, as it is stored. */
export type Fitted = Readonly<Record<string, number | readonly number[]>>;

/** Learns from examples whose outcome is known, and forecasts others. Nothing else goes into a forecast. */
export interface Learner {
  fit(examples: readonly KnownExample[]): Fitted;
  forecast(fitted: Fitted, example: Pick<Example, "features" | "naive">): number;
}

/**
 * HAR-RV (Corsi, Journal of Financial Econometrics 7, 2009) on logarithms, by least squares: no forecast is negative, and one
 * wild day does not decide the coefficients. Half of the residual variance makes a mean of the logarithm's mean.
 */
const harRv: Learner = {
  fit(examples) {
    const { coefficients, residualVariance } = leastSquares(
      examples.map(({ features }) => features),
      examples.map(({ actual }) => Math.log(actual)),
    );
    return { coefficients, residualVariance };
  },
  forecast(fitted, { features }) {
    return Math.exp(linear(list(fitted, "coefficients"), features) + number(fitted, "residualVariance") / 2);
  },
};

/** An exponential average whose decay had the smallest QLIKE so far. */
const ewma: Learner = {
  fit(examples) {
    const losses = DECAYS.map((_, at) =>
      meanOf(examples.map((each) => qlike(each.actual, Math.exp(each.features[at]!)))),
    );
    return { decay: DECAYS[losses.indexOf(Math.min(...losses))]! };
  },
  forecast: (fitted, { features }) => Math.exp(features[DECAYS.indexOf(number(fitted, "decay") as never)]!),
};

const logistic = (ridge: number): Learner => ({
  fit: (examples) => {
    const { intercept, weights, means, deviations } = fitLogistic(
      examples.map(({ features }) => features),
      examples.map(({ actual }) => actual),
      ridge,
    );
    return { intercept, weights, means, deviations };
  },
  forecast: (fitted, { features }) => probabilityOf(fitted as unknown as LogisticFit, features),
});

/** What was is what will be. */
const persistence: Learner = { fit: () => ({}), forecast: (_, { naive }) => naive };

/** As often as so far. */
const baseRate: Learner = {
  // One up and one down more than there were: a rate of 0 or 1 is no forecast.
  fit: (examples) => ({ rate: examples.reduce((sum, { actual }) => sum + actual, 1) / (examples.length + 2) }),
  forecast: (fitted) => number(fitted, "rate"),
};

export function learnerOf({ kind, ridge }: ModelSpec): Learner {
  if (kind === "LOGISTIC") return logistic(ridge);
  return kind === "EWMA" ? ewma : harRv;
}

/** What a model has to beat to be worth anything. */
export const naiveLearnerOf = ({ target }: ModelSpec): Learner => (target === "DIRECTION" ? baseRate : persistence);

const number = (fitted: Fitted, name: string): number => fitted[name] as number;
const list = (fitted: Fitted, name: string): readonly number[] => fitted[name] as readonly number[];
