/** Pearson's correlation of two series over [from, to) of the first, the second read `lag` places later; null where one does not vary. */
export function correlation(a: Float64Array, b: Float64Array, lag = 0): number | null {
  const from = Math.max(0, -lag);
  const to = Math.min(a.length, b.length - lag);
  const count = to - from;
  if (count < 2) return null;
  let [meanA, meanB] = [0, 0];
  for (let index = from; index < to; index++) {
    meanA += a[index]! / count;
    meanB += b[index + lag]! / count;
  }
  let [squaresA, squaresB, products] = [0, 0, 0];
  for (let index = from; index < to; index++) {
    const x = a[index]! - meanA;
    const y = b[index + lag]! - meanB;
    squaresA += x * x;
    squaresB += y * y;
    products += x * y;
  }
  const scale = Math.sqrt(squaresA * squaresB);
  return scale > 1e-24 ? Math.max(-1, Math.min(1, products / scale)) : null;
}

/** The whole matrix, 1 on the diagonal. */
export function correlationMatrix(returns: readonly Float64Array[]): (number | null)[][] {
  const matrix = returns.map(() => new Array<number | null>(returns.length).fill(1));
  returns.forEach((a, row) => {
    for (let column = row + 1; column < returns.length; column++)
      matrix[row]![column] = matrix[column]![row] = correlation(a, returns[column]!);
  });
  return matrix;
}
