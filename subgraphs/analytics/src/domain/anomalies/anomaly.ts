export type AnomalyMetric = "PRICE" | "VOLUME" | "VOLATILITY";
export type AnomalyMethod = "MEDIAN_MAD" | "EWMA_BANDS" | "CUSUM";

/** Something unusual that the newest bar showed, with what it was held against. */
export interface Anomaly {
  metric: AnomalyMetric;
  method: AnomalyMethod;
  direction: "UP" | "DOWN" | null;
  /** Distance from the baseline in units of the scale; for CUSUM the sum of such distances. */
  score: number;
  /** The score from which it counts. */
  threshold: number;
  value: number;
  baseline: number;
  scale: number;
  /** The bars of the baseline; for CUSUM from where the level changed. */
  fromMs: number;
  toMs: number;
  explanation: string;
}
