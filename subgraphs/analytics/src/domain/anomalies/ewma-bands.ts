import type { Baseline } from "./robust-baseline.ts";

const KEPT = 0.97;
const SETTLE = 20;
const CLAMP = 3;

/**
 * Exponentially weighted mean and deviation (Roberts, 1959), a number's weight falling by 3 % with each one after it. A number is
 * counted as at most three deviations away, so that one outlier does not widen the band for the next. Null where nothing varies.
 */
export function ewmaBands(numbers: readonly number[]): Baseline | null {
  const first = numbers.slice(0, SETTLE);
  let centre = first.reduce((sum, number) => sum + number, 0) / first.length;
  let variance = first.reduce((sum, number) => sum + (number - centre) ** 2, 0) / (first.length - 1);
  for (const number of numbers.slice(SETTLE)) {
    const limit = CLAMP * Math.sqrt(variance);
    const distance = variance > 0 ? Math.max(-limit, Math.min(limit, number - centre)) : number - centre;
    centre += (1 - KEPT) * distance;
    variance = KEPT * (variance + (1 - KEPT) * distance * distance);
  }
  return variance > 0 ? { centre, scale: Math.sqrt(variance) } : null;
}
