import type { StoredInterval } from "./bar.ts";
import { newestOf } from "./partition-age.ts";

export interface Partition {
  name: string;
  interval: StoredInterval;
  fromMs: number;
  toMs: number;
}

const DAY_MS = 86_400_000;

/** A partition spans a month of short bars and a year of long ones: tens of thousands to some millions of rows. */
const SPANS: Readonly<Record<StoredInterval, "MONTH" | "YEAR">> = { M1: "MONTH", M5: "MONTH", H1: "YEAR", D1: "YEAR" };

export interface RetentionDays {
  M1: number;
  M5: number;
  H1: number;
  D1: number;
}

/** The partition that holds bars of an interval which opened at this time. */
export function partitionOf(interval: StoredInterval, openedAtMs: number): Partition {
  const opened = new Date(openedAtMs);
  const year = opened.getUTCFullYear();
  const month = opened.getUTCMonth();
  const table = `bars_${interval.toLowerCase()}`;
  if (SPANS[interval] === "YEAR") {
    return { name: `${table}_${year}`, interval, fromMs: Date.UTC(year, 0), toMs: Date.UTC(year + 1, 0) };
  }
  return {
    name: `${table}_${year}${String(month + 1).padStart(2, "0")}`,
    interval,
    fromMs: Date.UTC(year, month),
    toMs: Date.UTC(year, month + 1),
  };
}

/** The partition that a table's name stands for; null for other tables. */
export function partitionNamed(name: string): Partition | null {
  const match = /^bars_(m1|m5|h1|d1)_(\d{4})(\d{2})?$/.exec(name);
  if (!match) return null;
  const partition = partitionOf(
    (match[1] as string).toUpperCase() as StoredInterval,
    Date.UTC(Number(match[2]), Number(match[3] ?? "1") - 1),
  );
  return partition.name === name ? partition : null;
}

/** Those whose last bar is older than the retention of their interval. */
export function expiredPartitions(
  partitions: readonly Partition[],
  retentionDays: RetentionDays,
  nowMs: number,
): Partition[] {
  return partitions.filter(({ interval, toMs }) => {
    const ofInterval = partitions.filter((other) => other.interval === interval);
    const newest = newestOf(
      ofInterval.map(({ fromMs }) => fromMs),
      nowMs,
    );
    return toMs <= newest - retentionDays[interval] * DAY_MS;
  });
}
