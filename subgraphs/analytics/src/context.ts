import DataLoader from "dataloader";
import type { InstrumentSpan } from "./domain/briefs/brief-day.ts";
import { MarketDays } from "./domain/briefs/market-days.ts";
import type { MarketMemory } from "./domain/market-memory.ts";
import type { LiveIndicators } from "./domain/indicators/live-indicators.ts";
import type { NewsMemory } from "./domain/news/news-memory.ts";
import type { DaySignals, KindCount, SignalSpan } from "./io/day-signals.ts";
import { ForecastTracks } from "./io/forecast-tracks.ts";
import type { Forecaster } from "./io/forecaster.ts";
import type { Caller, ModelDesk } from "./io/model-desk.ts";
import type { InstrumentClasses } from "./io/instrument-classes.ts";
import type { FairTurns, Turn } from "./io/fair-turns.ts";
import { MarketPasses } from "./io/market-passes.ts";
import type { ModelJobStore } from "./io/model-job-store.ts";
import type { ModelStore } from "./io/model-store.ts";
import type { DayBars, PostgresBarHistory } from "./io/postgres-bar-history.ts";
import { RequestTurns } from "./io/request-turns.ts";
import type { SignalStore, StoredSignal } from "./io/signal-store.ts";

/** The parts that live as long as the process. */
export interface Parts {
  memory: MarketMemory;
  indicators: LiveIndicators;
  history: PostgresBarHistory;
  classes: InstrumentClasses;
  news: NewsMemory;
  signals: SignalStore;
  daySignals: DaySignals;
  models: ModelStore;
  modelJobs: ModelJobStore;
  modelDesk: ModelDesk;
  forecaster: Forecaster;
  turns: AllTurns;
}

/** What all requests take turns at. */
export interface AllTurns {
  /** Passes over bars in memory: one at a time, for each holds the process up. */
  passes: FairTurns;
  /** Forecasts and series, which read thousands of bars: others need the database, too. */
  readings: FairTurns;
  /** Tracks, which read many times what a forecast does: none waits for them. */
  tracks: FairTurns;
}

/** What briefs read: once per request what several fields ask for, with one statement what many instruments ask for. */
interface BriefLoaders {
  bars: DataLoader<InstrumentSpan, DayBars | null, string>;
  signals: DataLoader<InstrumentSpan & { first: number }, StoredSignal[], string>;
  signalCounts: DataLoader<SignalSpan, KindCount[], string>;
}

/** What resolvers get. The subgraph learns who calls in mutations alone: no query depends on the caller. */
export interface Context extends Omit<Parts, "turns"> {
  caller: Caller;
  readings: RequestTurns;
  /** Of this request, whose work is bounded. */
  tracks: ForecastTracks;
  marketDays: MarketDays;
  passes: MarketPasses;
  briefs: BriefLoaders;
}

/** A day of an instrument is up to 313 bars, or 50 signals: a statement answers some ten thousand rows at most. */
const INSTRUMENTS_AT_ONCE_MAX = 100;

export function createContext({ turns, ...parts }: Parts, caller: Caller, turn: Turn): Context {
  const { memory, history, daySignals } = parts;
  const passes = new MarketPasses(new RequestTurns(turns.passes, turn));
  return {
    ...parts,
    caller,
    readings: new RequestTurns(turns.readings, turn),
    tracks: new ForecastTracks(history, new RequestTurns(turns.tracks, turn)),
    marketDays: new MarketDays(memory, passes),
    passes,
    briefs: {
      bars: new DataLoader((spans: readonly InstrumentSpan[]) => history.finest(spans), optionsOf(keyOf)),
      signals: new DataLoader(
        (spans: readonly (InstrumentSpan & { first: number })[]) => daySignals.newest(spans),
        optionsOf((span) => `${keyOf(span)} ${span.first}`),
      ),
      signalCounts: new DataLoader((spans: readonly SignalSpan[]) => daySignals.counts(spans), optionsOf(keyOf)),
    },
  };
}

const keyOf = ({ symbol, fromMs, toMs }: SignalSpan): string => JSON.stringify([symbol, fromMs, toMs]);

const optionsOf = <Key>(cacheKeyFn: (key: Key) => string) => ({ cacheKeyFn, maxBatchSize: INSTRUMENTS_AT_ONCE_MAX });
