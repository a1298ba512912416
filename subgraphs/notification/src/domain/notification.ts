import { deterministicUuid } from "./deterministic-uuid.ts";
import type { Comparison, Metric, Rule } from "./rule.ts";

/** What a firing rule, or an article that a watch is about, leaves in its owner's inbox. */
export interface Notification {
  id: string;
  userId: string;
  ruleId: string | null;
  watchId: string | null;
  articleId: string | null;
  symbol: string | null;
  title: string;
  body: string;
  /** A decimal; null where nothing was measured or counted. */
  value: string | null;
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
    watchId: null,
    articleId: null,
    symbol: rule.symbol,
    title: `${rule.symbol} ${METRIC_NAMES[rule.metric]} ${COMPARISON_NAMES[rule.comparison]} ${threshold}`,
    body: `The ${METRIC_NAMES[rule.metric]} of ${rule.symbol}${bars} is ${value}.${rule.note === null ? "" : ` ${rule.note}`}`,
    value,
    at,
  };
}

/** The identity of a firing, the same however often it is computed: from the rule, its version and which arming it was. */
export function firingId({ id, version, arming }: Pick<Rule, "id" | "version" | "arming">): string {
  return deterministicUuid(`${id}/${version}/${arming}`);
}
