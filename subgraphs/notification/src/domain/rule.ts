export type Metric = "PRICE" | "CHANGE_PERCENT" | "VOLUME" | "RSI" | "SENTIMENT";
export const COMPARISONS = ["CROSSES_ABOVE", "CROSSES_BELOW", "ABOVE", "BELOW"] as const;
export type Comparison = (typeof COMPARISONS)[number];
export type BarInterval = "S1" | "M1" | "M5" | "H1" | "D1";

/** What a person asked to be told about. */
export interface RuleDefinition {
  symbol: string;
  metric: Metric;
  comparison: Comparison;
  thresholdE9: bigint;
  /** Which bars VOLUME and RSI are taken from; null for the other metrics. */
  interval: BarInterval | null;
  note: string | null;
}

/** Where a rule stands between two values. */
export interface RuleState {
  /** False from when it fired until its condition was false again. */
  armed: boolean;
  /** Whether the other side of the threshold was seen: without that, nothing can have crossed it. */
  primed: boolean;
  /** Counts the times it was armed again. */
  arming: number;
  lastFiredAt: string | null;
}

export interface Rule extends RuleDefinition, RuleState {
  id: string;
  userId: string;
  /** Changes with the definition: an old firing is never mistaken for one of the new definition. */
  version: number;
}

/** The state of a rule that was just made or changed. */
export function freshState(comparison: Comparison): RuleState {
  return { armed: true, primed: comparison === "ABOVE" || comparison === "BELOW", arming: 0, lastFiredAt: null };
}
