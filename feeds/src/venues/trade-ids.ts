/** More trades than any venue repeats after a break: Kraken sends the last fifty, Coinbase the last one. */
const REMEMBERED_MAX = 1_000;

/**
 * Tells trades that a venue repeats from new ones, by their ids: repeated is one of the last 1 000, and whatever is lower than those. One
 * wrong huge id is a trade of its own and does not make all that follow look old.
 */
export class TradeIds {
  readonly #remembered = new Set<number>();
  /** Everything up to here is forgotten, and was told. */
  #floor = 0;
  #last = 0;

  /** The id of the last trade that was new; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** True once for each id. */
  isNew(id: number): boolean {
    if (this.knows(id)) return false;
    this.#remembered.add(id);
    this.#last = id;
    if (this.#remembered.size > REMEMBERED_MAX) this.#forget();
    return true;
  }

  /** Whether it was told, as far as that is remembered: one after it leaves no hole, also where another came late in between. */
  knows(id: number): boolean {
    return id <= this.#floor || this.#remembered.has(id);
  }

  #forget(): void {
    const [oldest = 0, next = 0] = this.#remembered;
    this.#remembered.delete(oldest);
    // Ids go up. One that is higher than those behind it says nothing about them.
    if (oldest < next && oldest > this.#floor) this.#floor = oldest;
  }
}
