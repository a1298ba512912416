import { requireScope } from "@mib/identity/require-scope";
import type { NewsWatchResolvers } from "../generated/resolvers.ts";

export const NewsWatch: NewsWatchResolvers = {
  __resolveReference: ({ id }, { identity, newsWatchById }) => {
    requireScope(identity, "alerts:read");
    return newsWatchById.load(id);
  },
  instruments: ({ symbols }) => symbols.map((symbol) => ({ symbol })),
};
