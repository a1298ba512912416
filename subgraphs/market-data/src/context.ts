import DataLoader from "dataloader";
import type { BarReader } from "./domain/bar-reader.ts";
import type { Market, Quote, SessionStatistics, Trade } from "./domain/ports.ts";
import type { InstrumentDirectory } from "./io/instrument-directory.ts";

/** The parts that live as long as the process. */
export interface Parts {
  market: Market;
  instruments: InstrumentDirectory;
  bars: BarReader;
}

/** What resolvers work with; made anew for each request. What is read by symbol is asked of the engine in one frame. */
export interface Context extends Parts {
  quotes: DataLoader<string, Quote | null>;
  lastTrades: DataLoader<string, Trade | null>;
  statistics: DataLoader<string, SessionStatistics | null>;
}

export function createContext(parts: Parts): Context {
  const { market } = parts;
  return {
    ...parts,
    quotes: new DataLoader((symbols) => market.quotes(symbols)),
    lastTrades: new DataLoader((symbols) => market.lastTrades(symbols)),
    statistics: new DataLoader((symbols) => market.statistics(symbols)),
  };
}
