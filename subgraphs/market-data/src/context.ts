import { AnswerBudget } from "@mib/subgraph-server/answer-budget";
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
  /** Bars, trades and price levels of all instruments that one request names. */
  lists: AnswerBudget;
  quotes: DataLoader<string, Quote | null>;
  lastTrades: DataLoader<string, Trade | null>;
  statistics: DataLoader<string, SessionStatistics | null>;
}

/** Fewer than the database has connections: one request that reads many lists leaves some to the others. */
const LISTS_AT_ONCE_MAX = 4;

export function createContext(parts: Parts, { answerRowsMax }: { answerRowsMax: number }): Context {
  const { market } = parts;
  return {
    ...parts,
    lists: new AnswerBudget({ rowsMax: answerRowsMax, readsMax: LISTS_AT_ONCE_MAX }),
    quotes: new DataLoader((symbols) => market.quotes(symbols)),
    lastTrades: new DataLoader((symbols) => market.lastTrades(symbols)),
    statistics: new DataLoader((symbols) => market.statistics(symbols)),
  };
}
