/** The least that a pivot is, as a part of the diagonal's mean: regressors that say the same have a finite answer. */
const PIVOT_LEAST = 1e-12;
const ROUNDING = 1e-12;

/**
 * Solves A x = b for a symmetric A that is positive definite, up to rounding, by Cholesky's factors. Both stay as they are.
 * For the few regressors of a model; it takes n³ / 6 steps.
 */
export function solvePositive(matrix: readonly Float64Array[], values: Float64Array): Float64Array {
  const size = values.length;
  const least = (PIVOT_LEAST * matrix.reduce((sum, row, at) => sum + row[at]!, 0)) / size;
  const lower = matrix.map((row) => Float64Array.from(row));
  const solution = Float64Array.from(values);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = lower[row]![column]!;
      for (let at = 0; at < column; at += 1) sum -= lower[row]![at]! * lower[column]![at]!;
      if (row === column) lower[row]![row] = Math.sqrt(Math.max(sum, least));
      else lower[row]![column] = sum / lower[column]![column]!;
    }
  }
  for (let row = 0; row < size; row += 1) {
    for (let at = 0; at < row; at += 1) solution[row]! -= lower[row]![at]! * solution[at]!;
    solution[row]! /= lower[row]![row]!;
  }
  for (let row = size - 1; row >= 0; row -= 1) {
    for (let at = row + 1; at < size; at += 1) solution[row]! -= lower[at]![row]! * solution[at]!;
    solution[row]! /= lower[row]![row]!;
  }
  return solution;
}

export interface LinearFit {
  /** The intercept, then one for each regressor. */
  coefficients: number[];
  /** Of the residuals, for as many degrees of freedom as are left. */
  residualVariance: number;
}

/** Ordinary least squares with an intercept. Regressors are centred first, so that the normal equations keep their digits. */
export function leastSquares(rows: readonly (readonly number[])[], targets: readonly number[]): LinearFit {
  const width = rows[0]!.length;
  const means = Array.from({ length: width }, (_, column) => meanOf(rows.map((row) => row[column]!)));
  const targetMean = meanOf(targets);
  const products = Array.from({ length: width }, () => new Float64Array(width));
  const moments = new Float64Array(width);
  for (const [at, row] of rows.entries()) {
    for (let left = 0; left < width; left += 1) {
      const centred = row[left]! - means[left]!;
      moments[left]! += centred * (targets[at]! - targetMean);
      for (let right = 0; right < width; right += 1) products[left]![right]! += centred * (row[right]! - means[right]!);
    }
  }
  // Where nothing varies beyond rounding, the mean says all there is.
  const varies = products.some((row, at) => row[at]! > rows.length * (ROUNDING * means[at]!) ** 2);
  const slopes = varies ? solvePositive(products, moments) : moments.fill(0);
  const intercept = slopes.reduce((rest, slope, column) => rest - slope * means[column]!, targetMean);
  const coefficients = [intercept, ...slopes];
  const squares = rows.reduce((sum, row, at) => sum + (targets[at]! - linear(coefficients, row)) ** 2, 0);
  return { coefficients, residualVariance: squares / Math.max(1, rows.length - width - 1) };
}

/** The intercept and the sum of each coefficient times its value. */
export function linear([intercept, ...slopes]: readonly number[], values: readonly number[]): number {
  return slopes.reduce((sum, slope, column) => sum + slope * values[column]!, intercept!);
}

export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
