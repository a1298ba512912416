import { linear, meanOf, solvePositive } from "./least-squares.ts";

export interface LogisticFit {
  intercept: number;
  /** Of the standardised features. */
  weights: readonly number[];
  means: readonly number[];
  deviations: readonly number[];
}

const STEPS_MAX = 50;
const CONVERGED = 1e-10;

/**
 * Logistic regression by Newton's method, with `ridge / 2` times the squared weights as a penalty; the intercept is free.
 * Features are standardised first, so that the penalty means the same for each.
 */
export function fitLogistic(
  rows: readonly (readonly number[])[],
  outcomes: readonly number[],
  ridge: number,
): LogisticFit {
  const width = rows[0]!.length;
  const column = (at: number) => rows.map((row) => row[at]!);
  const means = Array.from({ length: width }, (_, at) => meanOf(column(at)));
  const deviations = means.map((mean, at) => Math.sqrt(meanOf(column(at).map((value) => (value - mean) ** 2))) || 1);
  const standardised = rows.map((row) => [1, ...row.map((value, at) => (value - means[at]!) / deviations[at]!)]);
  let estimate = new Float64Array(width + 1);
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const { gradient, curvature } = derivatives(standardised, outcomes, estimate, ridge);
    const change = solvePositive(curvature, gradient);
    // A full step may overshoot where the classes are nearly apart: at most 5 standard deviations of the logit at once.
    const size = Math.max(...change.map(Math.abs));
    const scale = size > 5 ? 5 / size : 1;
    estimate = estimate.map((value, at) => value - scale * change[at]!);
    if (size < CONVERGED) break;
  }
  const [intercept, ...weights] = estimate;
  return { intercept: intercept!, weights, means, deviations };
}

/** Of the penalised negative log-likelihood. */
function derivatives(
  rows: readonly (readonly number[])[],
  outcomes: readonly number[],
  estimate: Float64Array,
  ridge: number,
): { gradient: Float64Array; curvature: Float64Array[] } {
  const size = estimate.length;
  const gradient = estimate.map((value, at) => (at === 0 ? 0 : ridge * value));
  const curvature = Array.from({ length: size }, (_, at) => {
    const row = new Float64Array(size);
    if (at > 0) row[at] = ridge;
    return row;
  });
  for (const [at, row] of rows.entries()) {
    const probability = sigmoid(row.reduce((sum, value, index) => sum + value * estimate[index]!, 0));
    const weight = probability * (1 - probability);
    for (let left = 0; left < size; left += 1) {
      gradient[left]! += (probability - outcomes[at]!) * row[left]!;
      for (let right = 0; right < size; right += 1) curvature[left]![right]! += weight * row[left]! * row[right]!;
    }
  }
  return { gradient, curvature };
}

export function probabilityOf({ intercept, weights, means, deviations }: LogisticFit, row: readonly number[]): number {
  return sigmoid(
    linear(
      [intercept, ...weights],
      row.map((value, at) => (value - means[at]!) / deviations[at]!),
    ),
  );
}

const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));
