import type { LevelInput } from "@mib/protocol/feed-session";
import { Side } from "@mib/protocol/messages.generated";

interface Level {
  priceE9: bigint;
  sizeE9: bigint;
}

/** An order book by price, as a venue's rules need it: its best levels, a bound of its depth. */
export class LocalBook {
  readonly #depthMax: number;
  /** Best last, so that changes near the touch move little. */
  readonly #bids: Level[] = [];
  readonly #asks: Level[] = [];

  /** `depthMax`: levels of each side that `truncate` keeps. */
  constructor(depthMax: number, levels: readonly LevelInput[] = []) {
    this.#depthMax = depthMax;
    // From the worst on, each level is put at the end: one in between moves all that are better. Of two of a price the first counts.
    const given = levels.toReversed();
    const byPrice = (a: LevelInput, b: LevelInput) => (a.priceE9 < b.priceE9 ? -1 : a.priceE9 > b.priceE9 ? 1 : 0);
    for (const level of given.filter(({ side }) => side === Side.BUY).sort(byPrice)) this.set(level);
    for (const level of given.filter(({ side }) => side !== Side.BUY).sort((a, b) => byPrice(b, a))) this.set(level);
  }

  /** Size 0 removes the level; one that is not there may be removed. */
  set({ side, priceE9, sizeE9 }: LevelInput): void {
    const levels = side === Side.BUY ? this.#bids : this.#asks;
    const worse = (a: bigint) => (side === Side.BUY ? a < priceE9 : a > priceE9);
    let low = 0;
    let high = levels.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (worse(levels[middle]!.priceE9)) low = middle + 1;
      else high = middle;
    }
    const found = levels[low]?.priceE9 === priceE9;
    if (sizeE9 === 0n) {
      if (found) levels.splice(low, 1);
    } else if (found) levels[low]!.sizeE9 = sizeE9;
    else levels.splice(low, 0, { priceE9, sizeE9 });
  }

  /** Drops what lies beyond the depth, and says so as removals of levels. */
  truncate(): LevelInput[] {
    const cut = (levels: Level[], side: Side) =>
      levels
        .splice(0, Math.max(0, levels.length - this.#depthMax))
        .map(({ priceE9 }) => ({ side, priceE9, sizeE9: 0n }));
    return [...cut(this.#bids, Side.BUY), ...cut(this.#asks, Side.SELL)];
  }

  /** Best first. */
  bids(count: number): Level[] {
    return this.#bids.slice(-count).toReversed();
  }

  asks(count: number): Level[] {
    return this.#asks.slice(-count).toReversed();
  }

  /** Both sides, best first: what a snapshot is made of. */
  levels(count: number): LevelInput[] {
    return [
      ...this.bids(count).map((level) => ({ side: Side.BUY, ...level })),
      ...this.asks(count).map((level) => ({ side: Side.SELL, ...level })),
    ];
  }

  get bestBid(): Level | undefined {
    return this.#bids.at(-1);
  }

  get bestAsk(): Level | undefined {
    return this.#asks.at(-1);
  }

  /** A bid at or above an offer: no book of a venue that matches orders. */
  get crossed(): boolean {
    const [bid, ask] = [this.bestBid, this.bestAsk];
    return bid !== undefined && ask !== undefined && bid.priceE9 >= ask.priceE9;
  }
}
