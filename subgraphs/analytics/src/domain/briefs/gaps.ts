import { AVERAGE_BARS } from "../cross-section/breadth.ts";
import { REGIME_BARS_LEAST } from "../cross-section/regime.ts";
import { dailyRegime, type InstrumentDay } from "./instrument-day.ts";
import type { MarketDay } from "./market-day.ts";

/** What a brief lacks, and why. */
export interface Gap {
  part: "STANDINGS" | "BREADTH" | "REGIMES" | "BARS" | "SIGNALS" | "FORECASTS";
  reason: string;
}

/** What was found elsewhere for the day. */
interface Found {
  signals: boolean;
  champion: boolean;
}

export function marketGaps(market: MarketDay, found: Found): Gap[] {
  const { size, standings, breadth, regimes } = market;
  const without = size - standings.length;
  return gapsOf([
    without > 0 && [
      "STANDINGS",
      `${without} of ${size} instruments have no bar of the day, no close before it, or bars that begin within it.`,
    ],
    // Without a standing there is nothing to average: the gap is that of standings.
    breadth.instruments > 0 &&
      breadth.aboveAverageShare === null && [
        "BREADTH",
        `No instrument has the ${AVERAGE_BARS} days of the average yet.`,
      ],
    regimes.unknown > 0 && [
      "REGIMES",
      `${regimes.unknown} of ${size} instruments have fewer than ${REGIME_BARS_LEAST} whole days, or did not move.`,
    ],
    ...elsewhere(found),
  ]);
}

export function instrumentGaps(instrument: InstrumentDay, { bars, ...found }: Found & { bars: boolean }): Gap[] {
  const { standing, days } = instrument;
  return gapsOf([
    standing === null && [
      "STANDINGS",
      "It has no bar of the day, no close before it, or bars of five minutes that begin within it.",
    ],
    dailyRegime(instrument) === null && [
      "REGIMES",
      days.length < REGIME_BARS_LEAST
        ? `It has ${days.length} whole days; a regime takes ${REGIME_BARS_LEAST}.`
        : "It did not move.",
    ],
    !bars && ["BARS", "No bars of the day are kept."],
    ...elsewhere(found),
  ]);
}

type Told = readonly [Gap["part"], string] | false;

const elsewhere = ({ signals, champion }: Found): Told[] => [
  !signals && ["SIGNALS", "No signal is of the day. Bars that came as history raise none."],
  !champion && ["FORECASTS", "No model is champion: nothing is forecast before one is trained and promoted."],
];

const gapsOf = (told: readonly Told[]): Gap[] =>
  told.filter((each) => each !== false).map(([part, reason]) => ({ part, reason }));
