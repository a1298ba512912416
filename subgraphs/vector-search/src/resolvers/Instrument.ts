import { pageSize } from "../domain/search-request.ts";
import type { InstrumentResolvers } from "../generated/resolvers.ts";

export const Instrument: InstrumentResolvers = {
  news: ({ symbol }, { first }, { newestAbout }) => newestAbout.load({ symbol, limit: pageSize(first, 5) }),
};
