import { CodedError } from "@mib/service/coded-error";
import { INTERVAL_MS } from "../interval-length.ts";
import type { BarInterval, MarketMemory } from "../market-memory.ts";

/** A day of UTC, as far as its bars go. */
export interface BriefDay {
  /** Like 2024-08-08. */
  date: string;
  fromMs: number;
  /** The end of the day, or of the newest bar in it. */
  toMs: number;
  /** Whether the market has gone beyond the day. */
  final: boolean;
}

/** An instrument in [fromMs, toMs): a day, as far as it went. */
export interface InstrumentSpan {
  symbol: string;
  fromMs: number;
  toMs: number;
}

const DAY_MS = INTERVAL_MS.D1;
/** The bars that a brief is made of. */
const INTERVALS: readonly BarInterval[] = ["M5", "D1"];

/** The day that is asked for, or else that of the newest bar; null before the first bar. Time is that of the bars. */
export function briefDay(memory: MarketMemory, date: string | null): BriefDay | null {
  const span = spanOf(memory);
  if (span === null) return null;
  const { oldestMs, newestMs } = span;
  // A bar that ends at midnight is of the day before.
  const newest = startOfDay(newestMs - 1);
  const fromMs = date === null ? newest : Date.parse(`${date}T00:00:00Z`);
  const kept = { oldest: dateOf(startOfDay(oldestMs)), newest: dateOf(newest) };
  if (fromMs > newest)
    throw new CodedError("BAD_USER_INPUT", `\`date\` is still to come: the newest bar is of ${kept.newest}.`, {
      argument: "date",
      ...kept,
    });
  if (fromMs < startOfDay(oldestMs)) throw new CodedError("DAY_NOT_KEPT", undefined, { date: dateOf(fromMs), ...kept });
  const endMs = fromMs + DAY_MS;
  return { date: dateOf(fromMs), fromMs, toMs: Math.min(endMs, newestMs), final: newestMs >= endMs };
}

/** From where the oldest bar opened to where the newest one closed. */
function spanOf(memory: MarketMemory): { oldestMs: number; newestMs: number } | null {
  let [oldestMs, newestMs] = [Infinity, -Infinity];
  for (const interval of INTERVALS)
    for (const { bars } of memory.windows(interval).values()) {
      if (bars.length === 0) continue;
      oldestMs = Math.min(oldestMs, bars[0]!.openedAtMs);
      newestMs = Math.max(newestMs, bars.at(-1)!.openedAtMs + INTERVAL_MS[interval]);
    }
  return newestMs === -Infinity ? null : { oldestMs, newestMs };
}

const startOfDay = (ms: number): number => Math.floor(ms / DAY_MS) * DAY_MS;
const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
