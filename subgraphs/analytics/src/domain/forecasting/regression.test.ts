import fc from "fast-check";
import { expect, test } from "vitest";
import { leastSquares } from "./least-squares.ts";
import { fitLogistic, probabilityOf } from "./logistic.ts";

/** NIST's Statistical Reference Datasets, Norris: x and y of 36 readings, with certified coefficients. */
const NORRIS = [
  [0.2, 0.1],
  [337.4, 338.8],
  [118.2, 118.1],
  [884.6, 888.0],
  [10.1, 9.2],
  [226.5, 228.1],
  [666.3, 668.5],
  [996.3, 998.5],
  [448.6, 449.1],
  [777.0, 778.9],
  [558.2, 559.2],
  [0.4, 0.3],
  [0.6, 0.1],
  [775.5, 778.1],
  [666.9, 668.8],
  [338.0, 339.3],
  [447.5, 448.9],
  [11.6, 10.8],
  [556.0, 557.7],
  [228.1, 228.3],
  [995.8, 998.0],
  [887.6, 888.8],
  [120.2, 119.6],
  [0.3, 0.3],
  [0.3, 0.6],
  [556.8, 557.6],
  [339.1, 339.3],
  [887.2, 888.0],
  [999.0, 998.5],
  [779.0, 778.9],
  [11.1, 10.2],
  [118.3, 117.6],
  [229.2, 228.9],
  [669.1, 668.4],
  [448.9, 449.2],
  [0.5, 0.2],
] as const;

test("least squares finds NIST's certified coefficients and residual deviation (Norris)", () => {
  const { coefficients, residualVariance } = leastSquares(
    NORRIS.map(([x]) => [x]),
    NORRIS.map(([, y]) => y),
  );
  expect(coefficients[0]).toBeCloseTo(-0.262323073774029, 10);
  expect(coefficients[1]).toBeCloseTo(1.00211681802045, 12);
  expect(Math.sqrt(residualVariance)).toBeCloseTo(0.884796396144373, 10);
});

test("least squares finds what an exact relation is made of", () => {
  const number = fc.double({ min: -3, max: 3, noNaN: true });
  fc.assert(
    fc.property(fc.tuple(number, number, number, number), ([a, b, c, d]) => {
      const rows = Array.from({ length: 30 }, (_, at) => [Math.sin(at), Math.cos(at * 1.7), (at % 7) - 3]);
      const targets = rows.map(([x, y, z]) => a + b * x! + c * y! + d * z!);
      const { coefficients } = leastSquares(rows, targets);
      [a, b, c, d].forEach((expected, at) => expect(coefficients[at]).toBeCloseTo(expected, 8));
    }),
  );
});

test.each([
  [
    "regressors that say the same",
    [
      [1, 2],
      [2, 4],
      [3, 6],
      [4, 8],
    ],
    [1, 2, 3, 4],
  ],
  ["regressors that never change", [[5], [5], [5]], [1, 2, 3]],
])("%s have finite coefficients that forecast the means", (_, rows, targets) => {
  const { coefficients } = leastSquares(rows, targets);
  expect(coefficients.every(Number.isFinite)).toBe(true);
  const forecasts = rows.map((row) =>
    row.reduce((sum, value, at) => sum + value * coefficients[at + 1]!, coefficients[0]!),
  );
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(forecasts)).toBeCloseTo(mean(targets), 6);
});

/** Hours of study of twenty students and whether each passed: the example of many textbooks, with its published coefficients. */
const HOURS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.25, 3.5, 4, 4.25, 4.5, 4.75, 5, 5.5];
const PASSED = [0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1];

test("logistic regression finds the published coefficients of the students' example", () => {
  const fit = fitLogistic(
    HOURS.map((hours) => [hours]),
    PASSED,
    0,
  );
  const slope = fit.weights[0]! / fit.deviations[0]!;
  expect(slope).toBeCloseTo(1.5046, 4);
  expect(fit.intercept - slope * fit.means[0]!).toBeCloseTo(-4.0777, 4);
  expect(probabilityOf(fit, [2])).toBeCloseTo(0.2557, 4);
});

test("the penalised gradient of a logistic fit is zero, also where the classes are apart", () => {
  for (const outcomes of [PASSED, HOURS.map((hours) => Number(hours > 2.6))]) {
    const rows = HOURS.map((hours, at) => [hours, Math.sin(at)]);
    const ridge = 0.7;
    const fit = fitLogistic(rows, outcomes, ridge);
    const residuals = rows.map((row, at) => probabilityOf(fit, row) - outcomes[at]!);
    expect(residuals.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 8);
    fit.weights.forEach((weight, column) => {
      const gradient = rows.reduce(
        (sum, row, at) => sum + (residuals[at]! * (row[column]! - fit.means[column]!)) / fit.deviations[column]!,
        ridge * weight,
      );
      expect(gradient).toBeCloseTo(0, 8);
    });
  }
});
