/** Logarithmic returns from each close to the next. */
export function logReturns(bars: readonly { close: number }[]): number[] {
  return bars.slice(1).map((bar, index) => Math.log(bar.close / bars[index]!.close));
}
