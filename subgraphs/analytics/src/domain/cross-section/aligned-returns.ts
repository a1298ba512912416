import type { BarInterval, MarketMemory } from "../market-memory.ts";

export interface AlignedReturns {
  /** Those that have a close at or before the first time, in the order asked for. */
  symbols: string[];
  /** Logarithmic returns over the same times, one array a symbol. */
  returns: Float64Array[];
  fromMs: number | null;
  toMs: number | null;
}

/**
 * Returns between the last `bars` + 1 times at which any of the instruments has a bar. An instrument without a bar at one of
 * them keeps its last close: it did not trade, so it did not move.
 */
export function alignedReturns(
  memory: MarketMemory,
  symbols: readonly string[],
  interval: BarInterval,
  bars: number,
): AlignedReturns {
  const union = new Set<number>();
  for (const symbol of symbols)
    for (const bar of memory.bars(symbol, interval).slice(-bars - 1)) union.add(bar.openedAtMs);
  const times = [...union].sort((a, b) => a - b).slice(-bars - 1);
  const kept: string[] = [];
  const returns: Float64Array[] = [];
  for (const symbol of symbols) {
    const closes = closesAt(memory.bars(symbol, interval), times);
    if (closes === null || times.length < 2) continue;
    kept.push(symbol);
    returns.push(
      Float64Array.from({ length: times.length - 1 }, (_, index) => Math.log(closes[index + 1]! / closes[index]!)),
    );
  }
  return { symbols: kept, returns, fromMs: times[0] ?? null, toMs: times.at(-1) ?? null };
}

/** Null where there is no close yet at the first time. */
function closesAt(bars: readonly { openedAtMs: number; close: number }[], times: readonly number[]): number[] | null {
  let next = 0;
  let close: number | null = null;
  const closes: number[] = [];
  for (const time of times) {
    while (next < bars.length && bars[next]!.openedAtMs <= time) close = bars[next++]!.close;
    if (close === null) return null;
    closes.push(close);
  }
  return closes;
}
