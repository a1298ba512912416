import type { QueryResolvers } from "../generated/resolvers.ts";
import { cursorAt, searchRequest, type SearchRequest } from "../domain/search-request.ts";
import type { Wanted } from "../io/ranked-query.ts";
import type { Bound, ServingModel } from "../io/serving-model.ts";
import { storiesRequest } from "../domain/stories-request.ts";
import { connectionOf } from "@mib/subgraph-server/connection";
import { ranked } from "./ranked-page.ts";

export const Query: QueryResolvers = {
  async searchNews(_, args, { serving }) {
    const request = searchRequest(args);
    const found = await search(request, serving, ({ articles }) => articles);
    const page = ranked(
      found.map(({ article, score }) => ({ node: article, score })),
      request,
    );
    const edges = page.edges.map((edge) => ({ ...edge, query: request.query }));
    return { ...page, edges, facets: request.filter };
  },
  async stories(_, args, { store }) {
    const { filter, first, offset } = storiesRequest(args);
    const found = await store.leads(filter, { limit: first + 1, offset });
    const places = found.map(({ story }, index) => ({ id: story, place: offset + index }));
    return connectionOf(
      places,
      first,
      ({ place }) => cursorAt(place),
      ({ id }) => ({ id, before: null }),
    );
  },
  async searchPosts(_, args, { serving }) {
    const request = searchRequest(args);
    const found = await search(request, serving, ({ posts }) => posts);
    return ranked(
      found.map(({ post, score }) => ({ node: post, score })),
      request,
    );
  },
};

/** What a store finds for a request: one more than its page holds, where there is one. */
function search<Found>(
  { query, rankBy, filter, halfLifeHours, first, offset }: SearchRequest,
  serving: ServingModel,
  storeOf: (bound: Bound) => { search(wanted: Wanted, page: { limit: number; offset: number }): Promise<Found[]> },
): Promise<Found[]> {
  return serving.run(async (bound) => {
    const vector = rankBy === "WORDS" ? null : await bound.embedder.embed(query, "query");
    const text = rankBy === "MEANING" ? null : query;
    return storeOf(bound).search({ vector, text, filter, halfLifeHours }, { limit: first + 1, offset });
  });
}
