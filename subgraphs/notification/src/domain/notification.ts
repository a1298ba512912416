import { createHash } from "node:crypto";
import type { Comparison, Metric, Rule } from "./rule.ts";

/** What a firing rule leaves in its owner's inbox. */
export interface Notification {
  id: string;
  userId: string;
  ruleId: string;
  symbol: string;
  title: string;
  body: string;
  value: string;
  at: string;
}

const METRIC_NAMES: Record<Metric, string> = {
  PRICE: "price",
  CHANGE_PERCENT: "change in percent",
  VOLUME: "volume",
  RSI: "RSI",
  SENTIMENT: "sentiment",
};
const COMPARISON_NAMES: Record<Comparison, string> = {
  CROSSES_ABOVE: "crossed above",
  CROSSES_BELOW: "crossed below",
  ABOVE: "is above",
  BELOW: "is below",
};

/** `value` and `threshold` are decimal strings. */
export function notificationOf(
  rule: Rule,
  { value, threshold, at }: { value: string; threshold: string; at: string },
): Notification {
  const bars = rule.interval === null ? "" : ` (${rule.interval} bars)`;
  return {
    id: firingId(rule),
    userId: rule.userId,
    ruleId: rule.id,
    symbol: rule.symbol,
    title: `${rule.symbol} ${METRIC_NAMES[rule.metric]} ${COMPARISON_NAMES[rule.comparison]} ${threshold}`,
    body: `The ${METRIC_NAMES[rule.metric]} of ${rule.symbol}${bars} is ${value}.${rule.note === null ? "" : ` ${rule.note}`}`,
    value,
    at,
  };
}

/**
 * The identity of a firing, the same however often it is computed: from the rule, its version and which arming it was.
 * A UUID of version 8 (RFC 9562): 122 bits of a SHA-256.
 */
export function firingId({ id, version, arming }: Pick<Rule, "id" | "version" | "arming">): string {
  const hash = createHash("sha256").update(`${id}/${version}/${arming}`).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x80;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
