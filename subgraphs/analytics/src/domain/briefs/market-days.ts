import { CodedError } from "@mib/service/coded-error";
import type { MarketMemory } from "../market-memory.ts";
import type { BriefDay } from "./brief-day.ts";
import { MarketDay } from "./market-day.ts";

/** Each is a pass over all instruments, and nothing else runs meanwhile. */
const DAYS_MAX = 10;

/** The days of the market that one request asks for: each is made once, however many ask where they stand in it. */
export class MarketDays {
  readonly #memory: MarketMemory;
  /** By where they end, which says how far a day that goes on is told. */
  readonly #made = new Map<number, MarketDay>();

  constructor(memory: MarketMemory) {
    this.#memory = memory;
  }

  /** RANGE_TOO_LARGE where there are too many. */
  of(day: BriefDay): MarketDay {
    const made = this.#made.get(day.toMs);
    if (made !== undefined) return made;
    if (this.#made.size === DAYS_MAX)
      throw new CodedError("RANGE_TOO_LARGE", `One request tells at most ${DAYS_MAX} days of the market.`, {
        daysMax: DAYS_MAX,
      });
    const market = new MarketDay(this.#memory, day);
    this.#made.set(day.toMs, market);
    return market;
  }
}
