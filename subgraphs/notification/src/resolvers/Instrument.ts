import { requireScope } from "@mib/identity/require-scope";
import type { InstrumentResolvers } from "../generated/resolvers.ts";

export const Instrument: InstrumentResolvers = {
  __resolveReference: ({ symbol }) => ({ symbol }),
  alerts: async ({ symbol }, _, { identity, rulesOfUser }) => {
    if (identity.subject === null) return [];
    requireScope(identity, "alerts:read");
    return (await rulesOfUser.load(identity.subject)).filter((rule) => rule.symbol === symbol);
  },
};
