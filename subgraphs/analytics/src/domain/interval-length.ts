import type { BarInterval } from "./market-memory.ts";

/** How long a bar of the interval is. */
export const INTERVAL_MS: Readonly<Record<BarInterval, number>> = {
  S1: 1_000,
  M1: 60_000,
  M5: 300_000,
  H1: 3_600_000,
  D1: 86_400_000,
};
