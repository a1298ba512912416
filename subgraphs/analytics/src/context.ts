import type { MarketDays } from "./domain/briefs/market-days.ts";
import type { MarketMemory } from "./domain/market-memory.ts";
import type { LiveIndicators } from "./domain/indicators/live-indicators.ts";
import type { DaySignals } from "./io/day-signals.ts";
import type { ForecastTracks } from "./io/forecast-tracks.ts";
import type { Forecaster } from "./io/forecaster.ts";
import type { Caller, ModelDesk } from "./io/model-desk.ts";
import type { ModelJobStore } from "./io/model-job-store.ts";
import type { ModelStore } from "./io/model-store.ts";
import type { PostgresBarHistory } from "./io/postgres-bar-history.ts";
import type { SignalStore } from "./io/signal-store.ts";

/** The parts that live as long as the process. */
export interface Parts {
  memory: MarketMemory;
  indicators: LiveIndicators;
  history: PostgresBarHistory;
  signals: SignalStore;
  daySignals: DaySignals;
  models: ModelStore;
  modelJobs: ModelJobStore;
  modelDesk: ModelDesk;
  forecaster: Forecaster;
}

/** What resolvers get. The subgraph learns who calls in mutations alone: no query depends on the caller. */
export interface Context extends Parts {
  caller: Caller;
  /** Of this request, whose work is bounded. */
  tracks: ForecastTracks;
  marketDays: MarketDays;
}
