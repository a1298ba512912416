/** What is usual, so that a few outliers among the numbers change little of it. */
export interface Baseline {
  centre: number;
  /** Comparable with a standard deviation where the numbers are normal. */
  scale: number;
}

/**
 * Median and median absolute deviation times 1.4826 (Hampel, 1974). Where more than half of the numbers are equal the deviation is 0,
 * and the mean absolute deviation times 1.2533 takes its place (Iglewicz and Hoaglin, 1993). Null where all are equal.
 */
export function robustBaseline(numbers: readonly number[]): Baseline | null {
  const centre = median(numbers);
  const deviations = numbers.map((number) => Math.abs(number - centre));
  const scale =
    1.4826 * median(deviations) || 1.2533 * (deviations.reduce((sum, each) => sum + each, 0) / deviations.length);
  return scale > 0 ? { centre, scale } : null;
}

export function median(numbers: readonly number[]): number {
  const sorted = Float64Array.from(numbers).sort();
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}
