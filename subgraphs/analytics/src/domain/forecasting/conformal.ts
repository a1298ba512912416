/** Fewer scores than these say too little for an interval. */
export const CALIBRATION_LEAST = 50;
/** Older scores are of another time. */
export const CALIBRATION_MAX = 250;

/**
 * How far what happens is from the forecast in at most `1 - coverage` of the cases, by the scores of earlier forecasts: split
 * conformal prediction (Papadopoulos, Proedrou, Vovk and Gammerman, ECML 2002), whose guarantee holds where the scores are
 * exchangeable. In a series they are so only about as much as it stays what it was, so what the intervals covered is counted.
 * Null where there are too few scores.
 */
export function conformalRadius(scores: readonly number[], coverage: number): number | null {
  const rank = Math.ceil((scores.length + 1) * coverage);
  if (scores.length < CALIBRATION_LEAST || rank > scores.length) return null;
  return Float64Array.from(scores).sort()[rank - 1]!;
}
