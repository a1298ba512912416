import { AnswerBudget } from "@mib/subgraph-server/answer-budget";
import DataLoader from "dataloader";
import type { BarReader } from "./domain/bar-reader.ts";
import type { Market, Quote, SessionStatistics, Trade } from "./domain/ports.ts";
import type { SensorReading } from "./domain/sensor-reading.ts";
import type { Sensor } from "./domain/sensor.ts";
import type { TradeReader } from "./domain/trade-reader.ts";
import type { InstrumentDirectory } from "./io/instrument-directory.ts";
import type { PostgresReadings } from "./io/postgres-readings.ts";
import type { PostgresSensors } from "./io/postgres-sensors.ts";

/** The parts that live as long as the process. */
export interface Parts {
  market: Market;
  instruments: InstrumentDirectory;
  bars: BarReader;
  trades: TradeReader;
  definitions: PostgresSensors;
  readings: PostgresReadings;
}

/** What is read of sensors, once per request what several fields ask for. */
interface SensorLoaders {
  definitions: PostgresSensors;
  readings: PostgresReadings;
  byId: DataLoader<string, Sensor | null>;
  boundTo: DataLoader<string, Sensor[]>;
  latest: DataLoader<string, SensorReading | null>;
}

/** What resolvers work with; made anew for each request. What is read by symbol is asked of the engine in one frame. */
export interface Context extends Omit<Parts, "definitions" | "readings"> {
  /** Bars, trades, price levels and readings of all instruments that one request names. */
  lists: AnswerBudget;
  quotes: DataLoader<string, Quote | null>;
  lastTrades: DataLoader<string, Trade | null>;
  statistics: DataLoader<string, SessionStatistics | null>;
  sensors: SensorLoaders;
}

/** Fewer than the database has connections: one request that reads many lists leaves some to the others. */
const LISTS_AT_ONCE_MAX = 4;

export function createContext(
  { definitions, readings, ...parts }: Parts,
  { answerRowsMax }: { answerRowsMax: number },
): Context {
  const { market } = parts;
  return {
    ...parts,
    lists: new AnswerBudget({ rowsMax: answerRowsMax, readsMax: LISTS_AT_ONCE_MAX }),
    quotes: new DataLoader<string, Quote | null>((symbols) => market.quotes(symbols)),
    lastTrades: new DataLoader<string, Trade | null>((symbols) => market.lastTrades(symbols)),
    statistics: new DataLoader<string, SessionStatistics | null>((symbols) => market.statistics(symbols)),
    sensors: {
      definitions,
      readings,
      byId: new DataLoader((ids) => definitions.byIds(ids)),
      boundTo: new DataLoader((symbols) => definitions.boundTo(symbols)),
      latest: new DataLoader((ids) => readings.latest(ids)),
    },
  };
}
