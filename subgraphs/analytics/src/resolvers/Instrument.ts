import type { InstrumentResolvers } from "../generated/resolvers.ts";

export const Instrument: InstrumentResolvers = {
  __resolveReference: ({ symbol }) => ({ symbol }),
  indicators: ({ symbol }, { interval }, { memory }) => ({ interval, bars: memory.bars(symbol, interval) }),
};
