export type BarInterval = "S1" | "M1" | "M5" | "H1" | "D1";

/** Intervals whose final bars are kept in PostgreSQL; seconds live in the engine's memory only. */
const STORED_INTERVALS = ["M1", "M5", "H1", "D1"] as const;
export type StoredInterval = (typeof STORED_INTERVALS)[number];

/** Numbers are exact decimals as text. Bars open on whole seconds, so milliseconds are exact. */
export interface Bar {
  symbol: string;
  interval: BarInterval;
  openedAtMs: number;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
  vwap: string | null;
  tradeCount: number;
  final: boolean;
  revision: number;
}

export function isStored(interval: string): interval is StoredInterval {
  return (STORED_INTERVALS as readonly string[]).includes(interval);
}

/** The value of an event of `market.bars.v1`. */
export interface BarEvent {
  instrument: { symbol: string };
  interval: BarInterval;
  openedAt: string;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
  vwap: string | null;
  tradeCount: number;
  final: boolean;
  revision: number;
}

export function barOfEvent({ instrument, openedAt, ...rest }: BarEvent): Bar {
  return { ...rest, symbol: instrument.symbol, openedAtMs: Date.parse(openedAt) };
}

/**
 * One list out of two of the same series, oldest first, each bar once. The engine's version stands unless history knows a
 * later revision, which happens when the engine began anew.
 */
export function joinBars(history: readonly Bar[], engine: readonly Bar[]): Bar[] {
  const joined: Bar[] = [];
  let left = 0;
  let right = 0;
  while (left < history.length || right < engine.length) {
    const old = history[left];
    const recent = engine[right];
    if (recent === undefined || (old !== undefined && old.openedAtMs < recent.openedAtMs)) {
      joined.push(old as Bar);
      left += 1;
    } else {
      const same = old?.openedAtMs === recent.openedAtMs;
      joined.push(same && old.revision > recent.revision ? old : recent);
      right += 1;
      if (same) left += 1;
    }
  }
  return joined;
}

/** Of several revisions of a bar the latest; everything else once, in the order of first appearance. */
export function latestRevisions(bars: readonly Bar[]): Bar[] {
  const latest = new Map<string, Bar>();
  for (const bar of bars) {
    const key = `${bar.interval} ${bar.openedAtMs} ${bar.symbol}`;
    const known = latest.get(key);
    if (!known || bar.revision >= known.revision) latest.set(key, bar);
  }
  return [...latest.values()];
}
