import type { Universe } from "./instruments.ts";
import { activityAt } from "./seasonality.ts";

/** Of all records of the live market, so many are trades. */
export const TRADE_SHARE = 0.12;

/** Share of each instrument in what happens, by time of day; kept for a minute. */
export class ActivityTable {
  readonly #universe: Universe;
  /** Sums up to and including each instrument; the last is 1. */
  readonly cumulative: Float64Array;
  #minute = Number.NaN;

  constructor(universe: Universe) {
    this.#universe = universe;
    this.cumulative = new Float64Array(universe.instruments.length);
  }

  update(epochSeconds: number): void {
    const minute = Math.floor(epochSeconds / 60);
    if (minute === this.#minute) return;
    this.#minute = minute;
    let sum = 0;
    for (const [number, { market, weight }] of this.#universe.instruments.entries()) {
      sum += weight * activityAt(market, epochSeconds);
      this.cumulative[number] = sum;
    }
    for (let number = 0; number < this.cumulative.length; number++)
      this.cumulative[number] = this.cumulative[number]! / sum;
  }

  /** The instrument to which a number in [0, 1) belongs. */
  find(position: number): number {
    let low = 0;
    let high = this.cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.cumulative[middle]! > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Share of one instrument in all that happens. */
  share(instrument: number): number {
    return this.cumulative[instrument]! - (instrument === 0 ? 0 : this.cumulative[instrument - 1]!);
  }
}
