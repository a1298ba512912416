import { CodedError } from "@mib/service/coded-error";
import { WINDOW_BARS_MAX, type MarketMemory } from "../market-memory.ts";
import type { BriefDay } from "./brief-day.ts";
import { MarketDay } from "./market-day.ts";

/** Each is a pass over all instruments. */
const DAYS_MAX = 10;

/** Makes passes over so many bars, when it is the request's turn. */
export interface Passes {
  make<Value>(bars: number, pass: () => Value): Promise<Value>;
}

/** The days of the market that one request asks for: each is made once, however many ask where they stand in it. */
export class MarketDays {
  readonly #memory: MarketMemory;
  /** By where they end, which says how far a day that goes on is told. */
  readonly #made = new Map<number, Promise<MarketDay>>();
  readonly #passes: Passes;

  constructor(memory: MarketMemory, passes: Passes) {
    this.#memory = memory;
    this.#passes = passes;
  }

  /** RANGE_TOO_LARGE where there are too many. */
  async of(day: BriefDay): Promise<MarketDay> {
    const made = this.#made.get(day.toMs);
    if (made !== undefined) return made;
    if (this.#made.size === DAYS_MAX)
      throw new CodedError("RANGE_TOO_LARGE", `One request tells at most ${DAYS_MAX} days of the market.`, {
        daysMax: DAYS_MAX,
      });
    // Of each its days, and its bars of five minutes.
    const bars = this.#memory.symbols.size * 2 * WINDOW_BARS_MAX;
    const market = this.#passes.make(bars, () => new MarketDay(this.#memory, day));
    this.#made.set(day.toMs, market);
    return market;
  }
}
