import type { BarInput } from "@mib/protocol/feed-session";
import { TRADE_SHARE, type ActivityTable } from "./activity-table.ts";
import { planBackfill, type BackfillRange } from "./backfill-plan.ts";
import type { SimulatedInstrument, Universe } from "./instruments.ts";
import type { Jump, JumpSource } from "./jumps.ts";
import type { PriceProcess } from "./price-process.ts";
import type { Random } from "./random.ts";

export interface BackfillOptions {
  universe: Universe;
  process: PriceProcess;
  jumps: JumpSource;
  random: Random;
  activity: ActivityTable;
  /** Records per second of the whole market: tells how many trades a bar holds. */
  rate: number;
  startSeconds: number;
  /** Until when each instrument's bars are known, in the order of the instruments; null where there is none. */
  knownUntilSeconds: readonly (number | null)[];
}

/** A slice of the past: one interval of all instruments, and the jumps in it. */
export interface BackfillSlice {
  bars: BarInput[];
  jumps: Jump[];
  /** End of the slice. */
  atSeconds: number;
}

/**
 * Bars from the past up to the start, oldest first within an interval. Each opens where the one before closed, and the last
 * closes where the price process stands afterwards: live prices go on from there.
 */
export function* backfill(options: BackfillOptions): Generator<BackfillSlice, void, undefined> {
  const { universe, jumps, startSeconds, knownUntilSeconds } = options;
  const plans = universe.instruments.map((_, at) => planBackfill(startSeconds, knownUntilSeconds[at] ?? null));
  const first = Math.min(startSeconds, ...plans.flatMap((ranges) => ranges.map(({ fromSeconds }) => fromSeconds)));
  jumps.skipTo(first);
  for (const range of stretch(plans)) {
    for (let at = range.fromSeconds; at < range.toSeconds; at += range.seconds) {
      const wanted = (instrument: number) =>
        plans[instrument]!.some(({ interval, fromSeconds }) => interval === range.interval && at >= fromSeconds);
      yield slice(options, range, at, wanted);
    }
  }
}

/** The intervals in their order, each over the widest range that an instrument asks for. */
function stretch(plans: readonly BackfillRange[][]): BackfillRange[] {
  const widest = new Map<number, BackfillRange>();
  for (const range of plans.flat()) {
    const sofar = widest.get(range.interval);
    if (!sofar || range.fromSeconds < sofar.fromSeconds) widest.set(range.interval, range);
  }
  return [...widest.values()].sort((a, b) => a.fromSeconds - b.fromSeconds);
}

function slice(
  options: BackfillOptions,
  range: BackfillRange,
  at: number,
  wanted: (instrument: number) => boolean,
): BackfillSlice {
  const { universe, process, jumps } = options;
  const middle = at + range.seconds / 2;
  const opens = universe.instruments.map((instrument) => process.logPrice(instrument));
  process.advanceFactors(range.seconds, middle);
  for (let asset = 0; asset < universe.assets.length; asset++) process.advanceOwn(asset, range.seconds, middle);
  const jumped = jumps.apply(process, at + range.seconds);
  options.activity.update(middle);
  const bars: BarInput[] = [];
  for (const [number, instrument] of universe.instruments.entries()) {
    if (!wanted(number)) continue;
    bars.push(bar(options, range, at, number, instrument, opens[number]!, process.logPrice(instrument)));
  }
  return { bars, jumps: jumped, atSeconds: at + range.seconds };
}

function bar(
  { process, random, activity, rate }: BackfillOptions,
  range: BackfillRange,
  at: number,
  number: number,
  instrument: SimulatedInstrument,
  from: number,
  to: number,
): BarInput {
  const deviation = process.deviation(instrument, range.seconds, at + range.seconds / 2);
  const ticks = (logPrice: number) => Math.max(1, Math.round(Math.exp(logPrice) / instrument.tick));
  const open = ticks(from);
  const close = ticks(to);
  const high = Math.max(open, close, ticks(bridgeMaximum(from, to, deviation, random)));
  const low = Math.min(open, close, ticks(-bridgeMaximum(-from, -to, deviation, random)));
  const expected = rate * TRADE_SHARE * activity.share(number) * range.seconds;
  const tradeCount = Math.max(1, Math.round(expected * Math.exp(0.35 * random.normal())));
  const lots = Math.max(tradeCount, Math.round(tradeCount * instrument.tradeLots * Math.exp(0.2 * random.normal())));
  const volumeE9 = BigInt(lots) * instrument.lotE9;
  // In ticks, so that it lies between low and high.
  const average = Math.round((open + high + low + close) / 4);
  return {
    instrumentId: number,
    interval: range.interval,
    openedAtNanos: BigInt(at) * 1_000_000_000n,
    openE9: BigInt(open) * instrument.tickE9,
    highE9: BigInt(high) * instrument.tickE9,
    lowE9: BigInt(low) * instrument.tickE9,
    closeE9: BigInt(close) * instrument.tickE9,
    volumeE9,
    notionalE18: volumeE9 * BigInt(average) * instrument.tickE9,
    tradeCount,
  };
}

/** A sample of the highest point of a path from one value to another. */
function bridgeMaximum(from: number, to: number, deviation: number, random: Random): number {
  const change = to - from;
  return from + (change + Math.sqrt(change * change - 2 * deviation * deviation * Math.log(1 - random.next()))) / 2;
}
