import { newestOf } from "./partition-age.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A partition spans six hours: some millions of rows, so that a bound on bytes can be kept by dropping whole ones. */
const SPAN_MS = 6 * HOUR_MS;
const NANOS_PER_MS = 1_000_000n;

export interface TradePartition {
  name: string;
  fromMs: number;
}

export interface TradeRetention {
  days: number;
  bytesMax: number;
}

/** The partition that holds trades of this time. */
export function tradePartitionOf(atNanos: bigint): TradePartition {
  const ms = Number(atNanos / NANOS_PER_MS);
  return partitionFrom(ms - (ms % SPAN_MS));
}

/** From the first nanosecond to the first one behind it. */
export function boundsOf({ fromMs }: TradePartition): [fromNanos: bigint, toNanos: bigint] {
  return [BigInt(fromMs) * NANOS_PER_MS, BigInt(fromMs + SPAN_MS) * NANOS_PER_MS];
}

/** The partition that a table's name stands for; null for other tables. */
export function tradePartitionNamed(name: string): TradePartition | null {
  const match = /^trades_(\d{4})(\d\d)(\d\d)_(\d\d)$/.exec(name);
  if (!match) return null;
  const [year, month, day, hour] = match.slice(1).map(Number) as [number, number, number, number];
  const partition = partitionFrom(Date.UTC(year, month - 1, day, hour));
  return partition.name === name && partition.fromMs % SPAN_MS === 0 ? partition : null;
}

/**
 * Those that are older than the retention, and the oldest ones while all together are larger than `bytesMax`. The newest stays: that
 * of now, and not one that a wrong date has put into the future.
 */
export function expiredTradePartitions<Sized extends TradePartition & { bytes: number }>(
  partitions: readonly Sized[],
  { days, bytesMax }: TradeRetention,
  nowMs: number,
): Sized[] {
  const newestFirst = [...partitions].sort((left, right) => right.fromMs - left.fromMs);
  const newestMs = newestOf(
    partitions.map(({ fromMs }) => fromMs),
    nowMs,
  );
  const newest = newestFirst.find(({ fromMs }) => fromMs === newestMs) ?? newestFirst[0];
  const oldestMs = newestMs - days * DAY_MS;
  let bytes = 0;
  return newestFirst.filter((partition) => {
    bytes += partition.bytes;
    return partition !== newest && (partition.fromMs + SPAN_MS <= oldestMs || bytes > bytesMax);
  });
}

function partitionFrom(fromMs: number): TradePartition {
  const [date, time] = new Date(fromMs).toISOString().split("T") as [string, string];
  return { name: `trades_${date.replaceAll("-", "")}_${time.slice(0, 2)}`, fromMs };
}
