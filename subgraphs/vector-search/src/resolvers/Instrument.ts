import { placeAfter } from "../domain/post-order.ts";
import { pageSize } from "../domain/search-request.ts";
import type { InstrumentResolvers } from "../generated/resolvers.ts";
import { chronological } from "./post-connection.ts";

export const Instrument: InstrumentResolvers = {
  news: ({ symbol }, { first }, { newestAbout }) => newestAbout.load({ symbol, limit: pageSize(first, 5) }),
  async socialPosts({ symbol }, { first, after }, { posts }) {
    const count = pageSize(first, 10);
    const place = after == null ? null : placeAfter(after);
    return chronological(await posts.page.load({ symbol, limit: count + 1, after: place }), count);
  },
};
