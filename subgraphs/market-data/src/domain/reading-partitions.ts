import { newestOf } from "./partition-age.ts";

/** A table of the readings of one month. */
export interface ReadingPartition {
  name: string;
  fromNanos: bigint;
  toNanos: bigint;
}

const NANOS_PER_MS = 1_000_000n;
const DAY_MS = 86_400_000;

export function readingPartitionOf(atNanos: bigint): ReadingPartition {
  const at = new Date(Number(atNanos / NANOS_PER_MS));
  return partition(at.getUTCFullYear(), at.getUTCMonth());
}

/** The partition that a table's name stands for; null for other tables. */
export function readingPartitionNamed(name: string): ReadingPartition | null {
  const match = /^sensor_readings_(\d{4})(0[1-9]|1[0-2])$/.exec(name);
  return match === null ? null : partition(Number(match[1]), Number(match[2]) - 1);
}

/** Those whose last reading is older than the retention. */
export function expiredReadings(
  partitions: readonly ReadingPartition[],
  retentionDays: number,
  nowMs: number,
): ReadingPartition[] {
  const newest = newestOf(
    partitions.map(({ fromNanos }) => Number(fromNanos / NANOS_PER_MS)),
    nowMs,
  );
  return partitions.filter(({ toNanos }) => Number(toNanos / NANOS_PER_MS) <= newest - retentionDays * DAY_MS);
}

function partition(year: number, month: number): ReadingPartition {
  return {
    name: `sensor_readings_${year}${String(month + 1).padStart(2, "0")}`,
    fromNanos: BigInt(Date.UTC(year, month)) * NANOS_PER_MS,
    toNanos: BigInt(Date.UTC(year, month + 1)) * NANOS_PER_MS,
  };
}
