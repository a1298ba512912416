import { checkedFirst } from "@mib/subgraph-server/connection";
import type { MarketBriefResolvers } from "../generated/resolvers.ts";

const STORIES_READ = 100;
const STORIES_MAX = 50;

export const MarketBrief: MarketBriefResolvers = {
  __resolveReference: ({ from, to }) => ({ from, to }),
  async stories({ from, to }, { first }, { store, storySizes }) {
    const count = checkedFirst(first, { fallback: 10, max: STORIES_MAX });
    const filter = { symbols: null, sources: null, from, to };
    const leads = await store.leads(filter, { limit: STORIES_READ, offset: 0 });
    // A story may go on after the day: what came then is none of its brief.
    const sized = await Promise.all(
      leads.map(async ({ id }) => ({ id, before: to, size: await storySizes.load({ story: id, before: to }) })),
    );
    // Of those that are told alike the newest comes first: the order of the leads stays.
    return sized.sort((a, b) => b.size - a.size).slice(0, count);
  },
};
