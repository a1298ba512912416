import { formatNanos } from "@mib/protocol/instant";
import type { FeedStatusResolvers } from "../generated/resolvers.ts";

export const FeedStatus: FeedStatusResolvers = {
  lastEventAt: ({ lastEventNanos }) => (lastEventNanos === null ? null : formatNanos(lastEventNanos)),
};
