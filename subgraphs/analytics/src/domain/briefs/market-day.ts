import { breadthOf, type Breadth } from "../cross-section/breadth.ts";
import { bySize, type Standing } from "../cross-section/snapshot.ts";
import { type MarketMemory, WINDOW_BARS_MAX } from "../market-memory.ts";
import type { BriefDay } from "./brief-day.ts";
import type { Passes } from "./market-days.ts";
import { breadthMember, dailyRegime, instrumentDay, type InstrumentDay } from "./instrument-day.ts";

/** How many instruments are in each regime. */
export interface RegimeCounts {
  trendingUp: number;
  trendingDown: number;
  ranging: number;
  turbulent: number;
  unknown: number;
}

type StandingDay = InstrumentDay & { standing: Standing };

/** A day of all instruments that the windows know. */
export class MarketDay {
  readonly day: BriefDay;
  readonly #instruments: readonly InstrumentDay[];
  #standings: StandingDay[] | null = null;
  #regimes: RegimeCounts | null = null;
  #regimesMade: Promise<RegimeCounts> | null = null;

  constructor(memory: MarketMemory, day: BriefDay) {
    this.day = day;
    this.#instruments = [...memory.symbols].map((symbol) => instrumentDay(memory, symbol, day));
  }

  /** How many instruments there are, with a standing or without. */
  get size(): number {
    return this.#instruments.length;
  }

  /** Those with a standing, by the size of their change, the largest first. */
  get standings(): readonly StandingDay[] {
    return (this.#standings ??= ranked(this.#instruments));
  }

  get breadth(): Breadth {
    return breadthOf(this.#instruments.map(breadthMember).filter((member) => member !== null));
  }

  /** Computed when it is first asked for: it takes a pass over all days. */
  get regimes(): RegimeCounts {
    return (this.#regimes ??= countRegimes(this.#instruments));
  }

  /** The same, in its turn: one pass, however many ask. */
  regimesBy(passes: Passes): Promise<RegimeCounts> {
    return (this.#regimesMade ??= passes.make(this.size * WINDOW_BARS_MAX, () => this.regimes));
  }
}

function ranked(instruments: readonly InstrumentDay[]): StandingDay[] {
  const bySizeOfChange = bySize(({ changePercent }) => Math.abs(changePercent));
  return instruments
    .filter((instrument): instrument is StandingDay => instrument.standing !== null)
    .sort((a, b) => bySizeOfChange(a.standing, b.standing));
}

function countRegimes(instruments: readonly InstrumentDay[]): RegimeCounts {
  const counts: RegimeCounts = { trendingUp: 0, trendingDown: 0, ranging: 0, turbulent: 0, unknown: 0 };
  for (const instrument of instruments) {
    const regime = dailyRegime(instrument);
    if (regime === null) counts.unknown += 1;
    else if (regime.kind === "TURBULENT") counts.turbulent += 1;
    else if (regime.kind === "RANGE") counts.ranging += 1;
    else if (regime.direction === "UP") counts.trendingUp += 1;
    else counts.trendingDown += 1;
  }
  return counts;
}
