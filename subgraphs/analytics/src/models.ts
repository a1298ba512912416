import type { WindowBar } from "./domain/bar-window.ts";
import type { BarInterval } from "./domain/market-memory.ts";

/** What resolvers pass on for a type, where it is not the GraphQL type itself. */
export interface Instrument {
  symbol: string;
}

export interface Indicators {
  interval: BarInterval;
  bars: readonly WindowBar[];
}
