import type { Standing as DomainStanding } from "./domain/cross-section/snapshot.ts";
import type { BarInterval } from "./domain/market-memory.ts";

/** What resolvers pass on for a type, where it is not the GraphQL type itself. */
export interface Instrument {
  symbol: string;
}

export interface Indicators {
  interval: BarInterval;
  symbol: string;
}

export type Standing = DomainStanding;
