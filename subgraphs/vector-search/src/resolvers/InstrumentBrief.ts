import { pageSize } from "../domain/search-request.ts";
import type { InstrumentBriefResolvers } from "../generated/resolvers.ts";

export const InstrumentBrief: InstrumentBriefResolvers = {
  __resolveReference: ({ symbol, from, to }) => ({ symbol, from, to }),
  news: ({ symbol, from, to }, { first }, { newestAbout }) =>
    newestAbout.load({ symbol, from, to, limit: pageSize(first, 5) }),
};
