import { correlation } from "./correlation.ts";

export interface LeadLag {
  lags: { lag: number; correlation: number | null }[];
  /** The lag of the strongest correlation, when that is beyond `bound`. Positive: the first leads. */
  best: { lag: number; correlation: number } | null;
  /** What the largest of so many correlations of unrelated series stays below with 95 %: Bonferroni's correction of 1.96 / √n. */
  bound: number;
}

/** How the returns of one instrument go with those of another, so many bars later or earlier. */
export function leadLag(first: Float64Array, second: Float64Array, lagMax: number): LeadLag {
  const lags = Array.from({ length: 2 * lagMax + 1 }, (_, index) => {
    const lag = index - lagMax;
    return { lag, correlation: correlation(first, second, lag) };
  });
  const bound = normalQuantile(1 - 0.025 / lags.length) / Math.sqrt(Math.max(1, first.length - lagMax));
  let best: LeadLag["best"] = null;
  for (const { lag, correlation: value } of lags)
    if (value !== null && Math.abs(value) > Math.max(bound, Math.abs(best?.correlation ?? 0)))
      best = { lag, correlation: value };
  return { lags, best, bound };
}

/** For probabilities above a half; Abramowitz and Stegun 26.2.23, absolute error below 4.5e-4. */
function normalQuantile(probability: number): number {
  const t = Math.sqrt(-2 * Math.log(1 - probability));
  return t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3);
}
