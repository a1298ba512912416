import type { InstrumentDay } from "./domain/briefs/instrument-day.ts";
import type { MarketDay } from "./domain/briefs/market-day.ts";
import type { InstrumentClassName } from "@mib/protocol/messages.generated";
import type { HeatMapGroup as DomainHeatMapGroup } from "./domain/cross-section/heat-map.ts";
import type { Standing as DomainStanding } from "./domain/cross-section/snapshot.ts";
import type { Evaluation } from "./domain/forecasting/evaluate.ts";
import type { Forecast as DomainForecast } from "./domain/forecasting/forecast.ts";
import type { ForecastTrack as DomainTrack } from "./domain/forecasting/forecast-track.ts";
import type { Model as DomainModel, Promotion as DomainPromotion } from "./domain/forecasting/model.ts";
import type { ForecastTarget } from "./domain/forecasting/model-spec.ts";
import type { BarInterval } from "./domain/market-memory.ts";
import type { ModelJob as StoredJob } from "./io/model-job-store.ts";
import type { BacktestResult } from "./io/model-work.ts";

/** What resolvers pass on for a type, where it is not the GraphQL type itself. */
export interface Instrument {
  symbol: string;
  /** As market-data says, where a field needs it. */
  source?: "LIVE" | "REPLAY" | "SIMULATED";
}

export interface Indicators {
  interval: BarInterval;
  symbol: string;
}

export type Standing = DomainStanding;
export type HeatMapGroup = DomainHeatMapGroup<InstrumentClassName>;

export type Model = DomainModel;
export type Promotion = DomainPromotion;
export type ModelJob = StoredJob;

export interface ModelMetrics {
  target: ForecastTarget;
  evaluation: Evaluation;
  /** Of training. */
  model: DomainModel | null;
}

export interface Backtest {
  target: ForecastTarget;
  result: BacktestResult;
}

export interface Forecast {
  model: DomainModel;
  forecast: DomainForecast;
  coverage: number;
  source: "LIVE" | "REPLAY" | "SIMULATED";
}

export type MarketBrief = MarketDay;

export interface InstrumentBrief {
  instrument: InstrumentDay;
  /** Its place among all of the day; null without a standing. */
  rank(): number | null | Promise<number | null>;
}

export interface ForecastTrack {
  model: DomainModel;
  track: DomainTrack;
}
