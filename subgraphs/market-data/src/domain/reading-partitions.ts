/** A table of the readings of one month. */
export interface ReadingPartition {
  name: string;
  fromNanos: bigint;
  toNanos: bigint;
}

const NANOS_PER_MS = 1_000_000n;
const NANOS_PER_DAY = 86_400_000n * NANOS_PER_MS;

export function readingPartitionOf(atNanos: bigint): ReadingPartition {
  const at = new Date(Number(atNanos / NANOS_PER_MS));
  return partition(at.getUTCFullYear(), at.getUTCMonth());
}

/** The partition that a table's name stands for; null for other tables. */
export function readingPartitionNamed(name: string): ReadingPartition | null {
  const match = /^sensor_readings_(\d{4})(0[1-9]|1[0-2])$/.exec(name);
  return match === null ? null : partition(Number(match[1]), Number(match[2]) - 1);
}

/**
 * Those whose last reading is older than the retention, counted back from the newest partition that is not of the future: what is
 * replayed is kept, and one reading with a wrong time makes no others old.
 */
export function expiredReadings(
  partitions: readonly ReadingPartition[],
  retentionDays: number,
  nowMs: number,
): ReadingPartition[] {
  const now = BigInt(nowMs) * NANOS_PER_MS;
  const newest = partitions.reduce(
    (latest, { fromNanos }) => (fromNanos > latest && fromNanos <= now ? fromNanos : latest),
    0n,
  );
  return partitions.filter(({ toNanos }) => toNanos <= newest - BigInt(retentionDays) * NANOS_PER_DAY);
}

function partition(year: number, month: number): ReadingPartition {
  return {
    name: `sensor_readings_${year}${String(month + 1).padStart(2, "0")}`,
    fromNanos: BigInt(Date.UTC(year, month)) * NANOS_PER_MS,
    toNanos: BigInt(Date.UTC(year, month + 1)) * NANOS_PER_MS,
  };
}
