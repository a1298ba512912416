import type { Resolvers } from "../generated/resolvers.ts";
import { FeedStatus } from "./FeedStatus.ts";
import { Instrument } from "./Instrument.ts";
import { Bar, OrderBook, Quote, Trade } from "./prices.ts";
import { Query } from "./Query.ts";
import { Sensor, SensorReading } from "./sensors.ts";

export const resolvers = {
  Query,
  Instrument,
  Quote,
  Trade,
  Bar,
  OrderBook,
  FeedStatus,
  Sensor,
  SensorReading,
} satisfies Resolvers;
