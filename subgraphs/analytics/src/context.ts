import type { MarketMemory } from "./domain/market-memory.ts";
import type { LiveIndicators } from "./domain/indicators/live-indicators.ts";
import type { BarHistory } from "./domain/indicators/indicator-series.ts";
import type { SignalStore } from "./io/signal-store.ts";

/** What resolvers get. Nothing of it depends on the caller: the subgraph gets no subject. */
export interface Context {
  memory: MarketMemory;
  indicators: LiveIndicators;
  history: BarHistory;
  signals: SignalStore;
}
