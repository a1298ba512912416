import type { LevelInput, QuoteInput } from "@mib/protocol/feed-session";
import { Side } from "@mib/protocol/messages.generated";
import type { SimulatedInstrument } from "./instruments.ts";
import type { Random } from "./random.ts";

const LEVELS = 10;

/** One side of a book, best first. Prices in ticks, sizes in lots. */
interface BookSide {
  prices: number[];
  sizes: number[];
}

/**
 * The book of one instrument, ten levels a side. Every change returns the levels that changed, so that whoever applies them
 * to a copy has the same book; its best levels are the quote.
 */
export class SimulatedBook {
  readonly #instrument: SimulatedInstrument;
  readonly #random: Random;
  /** Deeper levels stand on multiples of this many ticks, so that a small move leaves most of them where they are. */
  readonly #gridTicks: number;
  readonly #bids: BookSide = { prices: [], sizes: [] };
  readonly #asks: BookSide = { prices: [], sizes: [] };

  constructor(instrument: SimulatedInstrument, gridTicks: number, random: Random) {
    this.#instrument = instrument;
    this.#gridTicks = Math.max(1, Math.round(gridTicks));
    this.#random = random;
  }

  get bidTicks(): number {
    return this.#bids.prices[0]!;
  }

  get askTicks(): number {
    return this.#asks.prices[0]!;
  }

  get bidLots(): number {
    return this.#bids.sizes[0]!;
  }

  get askLots(): number {
    return this.#asks.sizes[0]!;
  }

  /** Moves the touch; what stays in reach keeps its size. */
  moveTo(bidTicks: number, askTicks: number): LevelInput[] {
    return [...this.#move(this.#bids, Side.BUY, bidTicks, -1), ...this.#move(this.#asks, Side.SELL, askTicks, 1)];
  }

  /** Takes from the best level; when that uses it up, others have come to the same price. */
  take(side: Side, lots: number): LevelInput[] {
    const { sizes } = this.#sideOf(side);
    sizes[0] = sizes[0]! > lots ? sizes[0]! - lots : this.#newSize(0);
    return [this.#level(side, 0)];
  }

  /** Orders come to a level or leave it. */
  resize(): LevelInput[] {
    const side = this.#random.chance(0.5) ? Side.BUY : Side.SELL;
    const at = this.#random.chance(0.55) ? 0 : this.#random.below(LEVELS);
    const { sizes } = this.#sideOf(side);
    const wanted = this.#newSize(at);
    if (sizes[at] === wanted) return [];
    sizes[at] = wanted;
    return [this.#level(side, at)];
  }

  levels(): LevelInput[] {
    const all = (side: Side, { prices }: BookSide) => prices.map((_, at) => this.#level(side, at));
    return [...all(Side.BUY, this.#bids), ...all(Side.SELL, this.#asks)];
  }

  quote(): Pick<QuoteInput, "bidPriceE9" | "bidSizeE9" | "askPriceE9" | "askSizeE9"> {
    const bid = this.#level(Side.BUY, 0);
    const ask = this.#level(Side.SELL, 0);
    return { bidPriceE9: bid.priceE9, bidSizeE9: bid.sizeE9, askPriceE9: ask.priceE9, askSizeE9: ask.sizeE9 };
  }

  #sideOf(side: Side): BookSide {
    return side === Side.BUY ? this.#bids : this.#asks;
  }

  #level(side: Side, at: number): LevelInput {
    const { prices, sizes } = this.#sideOf(side);
    return {
      side,
      priceE9: BigInt(prices[at]!) * this.#instrument.tickE9,
      sizeE9: BigInt(sizes[at]!) * this.#instrument.lotE9,
    };
  }

  #move(book: BookSide, side: Side, best: number, away: 1 | -1): LevelInput[] {
    if (book.prices[0] === best) return [];
    const prices = this.#pricesFrom(best, away);
    const sizes = prices.map((price, at) => {
      const before = book.prices.indexOf(price);
      return before >= 0 ? book.sizes[before]! : this.#newSize(at);
    });
    const gone = book.prices.filter((price) => !prices.includes(price));
    const come = prices.map((price, at) => ({ price, at })).filter(({ price }) => !book.prices.includes(price));
    book.prices = prices;
    book.sizes = sizes;
    return [
      ...gone.map((price) => ({ side, priceE9: BigInt(price) * this.#instrument.tickE9, sizeE9: 0n })),
      ...come.map(({ at }) => this.#level(side, at)),
    ];
  }

  /** The best price and the next multiples of the grid behind it. Bids end above zero. */
  #pricesFrom(best: number, away: 1 | -1): number[] {
    const grid = this.#gridTicks;
    const prices = [best];
    let next = away < 0 ? Math.ceil(best / grid) * grid - grid : Math.floor(best / grid) * grid + grid;
    while (prices.length < LEVELS && next > 0) {
      prices.push(next);
      next += away * grid;
    }
    return prices;
  }

  #newSize(depth: number): number {
    const typical = this.#instrument.tradeLots * (2.5 + depth);
    return Math.min(this.#instrument.lotsMax, Math.max(1, Math.round(typical * Math.exp(0.8 * this.#random.normal()))));
  }
}
