/** The price that an instrument's UTC day began with. */
export interface DayOpen {
  /** 2024-08-08 */
  day: string;
  openE9: bigint;
}

/** What a change in percent is measured from: the open of each instrument's newest day. */
export class DayOpens {
  readonly #days = new Map<string, DayOpen>();

  get(symbol: string): DayOpen | undefined {
    return this.#days.get(symbol);
  }

  set(symbol: string, open: DayOpen): void {
    this.#days.set(symbol, open);
  }

  /** From the bar of a day, which knows better than the trades that were seen. Returns whether that changed anything. */
  bar(symbol: string, day: string, openE9: bigint): boolean {
    const known = this.#days.get(symbol);
    if (known !== undefined && (known.day > day || (known.day === day && known.openE9 === openE9))) return false;
    this.#days.set(symbol, { day, openE9 });
    return true;
  }

  /** A trade; the first of a new day is its open. Returns whether it was. */
  trade(symbol: string, day: string, priceE9: bigint): boolean {
    const known = this.#days.get(symbol);
    if (known !== undefined && known.day >= day) return false;
    this.#days.set(symbol, { day, openE9: priceE9 });
    return true;
  }

  /** How far a price is from the day's open, in units of 1e-9 percent, rounded towards zero; null when the open of that day is not known. */
  changePercentE9(symbol: string, day: string, priceE9: bigint): bigint | null {
    const known = this.#days.get(symbol);
    if (known === undefined || known.day !== day || known.openE9 === 0n) return null;
    return ((priceE9 - known.openE9) * 100_000_000_000n) / known.openE9;
  }
}
