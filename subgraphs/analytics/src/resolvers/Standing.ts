import type { StandingResolvers } from "../generated/resolvers.ts";

export const Standing: StandingResolvers = {
  instrument: ({ symbol }) => ({ symbol }),
  asOf: ({ asOfMs }) => new Date(asOfMs).toISOString(),
};
