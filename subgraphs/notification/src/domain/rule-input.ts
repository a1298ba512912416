import { parseE9 } from "@mib/protocol/decimal";
import { CodedError } from "@mib/service/coded-error";
import type { BarInterval, Comparison, Metric, RuleDefinition } from "./rule.ts";

/** A rule as a person writes it down. */
export interface RuleInput {
  symbol: string;
  metric: Metric;
  comparison: Comparison;
  threshold: string;
  interval?: BarInterval | null;
  note?: string | null;
}

const SYMBOL_LENGTH_MAX = 40;
const NOTE_LENGTH_MAX = 500;
const FROM_BARS: ReadonlySet<Metric> = new Set(["VOLUME", "RSI"]);
/** Below and above what a metric can never be: such a rule would never fire. */
const RANGES: Partial<Record<Metric, [bigint, bigint]>> = {
  PRICE: [0n, 10n ** 18n],
  VOLUME: [0n, 10n ** 18n],
  RSI: [0n, 100n * 10n ** 9n],
  SENTIMENT: [-(10n ** 9n), 10n ** 9n],
};

/** Checks what was written and fills in what was left out. Throws BAD_USER_INPUT and says which field is wrong. */
export function definitionOf({ symbol, metric, comparison, threshold, interval, note }: RuleInput): RuleDefinition {
  if (symbol === "" || symbol.length > SYMBOL_LENGTH_MAX)
    throw wrong("symbol", `must have 1 to ${SYMBOL_LENGTH_MAX} characters`);
  if (note != null && note.length > NOTE_LENGTH_MAX)
    throw wrong("note", `may have at most ${NOTE_LENGTH_MAX} characters`);
  const thresholdE9 = parseThreshold(threshold);
  const range = RANGES[metric];
  if (range && (thresholdE9 < range[0] || thresholdE9 > range[1]))
    throw wrong("threshold", `is outside of what ${metric} can be`);
  return {
    symbol,
    metric,
    comparison,
    thresholdE9,
    interval: FROM_BARS.has(metric) ? (interval ?? "M1") : null,
    note: note ?? null,
  };
}

function parseThreshold(threshold: string): bigint {
  try {
    return parseE9(threshold);
  } catch (error) {
    throw wrong("threshold", (error as Error).message, error);
  }
}

function wrong(name: string, problem: string, cause?: unknown): CodedError {
  return new CodedError("BAD_USER_INPUT", `\`${name}\` ${problem}.`, { field: name }, { cause });
}
