import type { Comparison, Rule, RuleState } from "./rule.ts";

/**
 * What a new value does to a rule.
 *
 * ABOVE and BELOW fire with the first value beyond the threshold, also when it is there from the start. CROSSES_ABOVE and
 * CROSSES_BELOW fire only when a value on the other side (or on the threshold) was seen before. Each fires once, and again only
 * after its condition was false in between. `state` is null when nothing changed.
 */
export function evaluate(rule: Rule, valueE9: bigint, at: string): { state: RuleState | null; fired: boolean } {
  if (!holds(rule.comparison, valueE9, rule.thresholdE9)) {
    if (rule.armed && rule.primed) return { state: null, fired: false };
    const arming = rule.armed ? rule.arming : rule.arming + 1;
    return { state: { armed: true, primed: true, arming, lastFiredAt: rule.lastFiredAt }, fired: false };
  }
  if (!rule.armed || !rule.primed) return { state: null, fired: false };
  return { state: { armed: false, primed: true, arming: rule.arming, lastFiredAt: at }, fired: true };
}

function holds(comparison: Comparison, valueE9: bigint, thresholdE9: bigint): boolean {
  return comparison === "ABOVE" || comparison === "CROSSES_ABOVE" ? valueE9 > thresholdE9 : valueE9 < thresholdE9;
}
