import { joinBars, isStored, type Bar, type BarInterval } from "./bar.ts";
import { BARS_MAX, rangeTooLarge, type BarRange } from "./bar-range.ts";
import { isEngineDown, type BarHistory, type Market } from "./ports.ts";

/** Reads bars from the engine's memory and, where that does not reach, from history: one list without hole or repeat. */
export class BarReader {
  readonly #market: Market;
  readonly #history: BarHistory;

  constructor(market: Market, history: BarHistory) {
    this.#market = market;
    this.#history = history;
  }

  /** Newest last. While the engine is down, history alone answers: final bars of a minute and longer. */
  async read(symbol: string, interval: BarInterval, range: BarRange): Promise<Bar[]> {
    if (range.count === 0) return [];
    // One more than allowed shows that the range holds too many.
    const wanted = range.take === "ALL" ? range.count + 1 : range.count;
    const recent = await this.#recent(symbol, interval, range, wanted);
    const bars =
      recent.length >= wanted || !isStored(interval)
        ? recent
        : joinBars(await this.#history.bars(symbol, interval, range, wanted), recent);
    if (range.take === "ALL" && bars.length > BARS_MAX) throw rangeTooLarge();
    return bars.length > wanted ? bars.slice(-wanted) : bars;
  }

  async #recent(symbol: string, interval: BarInterval, range: BarRange, wanted: number): Promise<Bar[]> {
    try {
      return await this.#market.bars(symbol, interval, range, wanted);
    } catch (error) {
      if (isEngineDown(error) && isStored(interval)) return [];
      throw error;
    }
  }
}
