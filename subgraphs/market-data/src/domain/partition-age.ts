/**
 * The time that the age of partitions counts back from: the newest one's beginning, not today, so a replayed capture of years ago is
 * kept like a live feed; but never that of one in the future, so a single wrong date makes nothing else old.
 */
export function newestOf(beginningsMs: readonly number[], nowMs: number): number {
  return beginningsMs.reduce((newest, ms) => (ms > newest && ms <= nowMs ? ms : newest), Number.NEGATIVE_INFINITY);
}
