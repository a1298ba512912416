/** What an indicator reads of a bar. `benchmarkClose` is another instrument's close at the same time, for beta alone. */
export interface IndicatorBar {
  openedAtMs: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  benchmarkClose?: number;
}

/** Takes bars in order, O(1) for each. Answers its lines as of the bar, or null while it warms up. */
export interface Indicator {
  add(bar: IndicatorBar): readonly number[] | null;
}
