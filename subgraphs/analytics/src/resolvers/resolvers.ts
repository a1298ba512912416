import type { Resolvers } from "../generated/resolvers.ts";
import { Forecast } from "./Forecast.ts";
import { ForecastTrack } from "./ForecastTrack.ts";
import { HeatMapGroup } from "./HeatMapGroup.ts";
import { Indicators } from "./Indicators.ts";
import { Instrument } from "./Instrument.ts";
import { InstrumentBrief } from "./InstrumentBrief.ts";
import { MarketBrief } from "./MarketBrief.ts";
import { Model } from "./Model.ts";
import { Backtest, ModelJob } from "./ModelJob.ts";
import { ModelMetrics } from "./ModelMetrics.ts";
import { Mutation } from "./Mutation.ts";
import { Promotion } from "./Promotion.ts";
import { Query } from "./Query.ts";
import { Standing } from "./Standing.ts";

export const resolvers = {
  Query,
  Mutation,
  Instrument,
  Indicators,
  Standing,
  HeatMapGroup,
  Model,
  ModelMetrics,
  ModelJob,
  Backtest,
  Promotion,
  Forecast,
  ForecastTrack,
  InstrumentBrief,
  MarketBrief,
} satisfies Resolvers;
