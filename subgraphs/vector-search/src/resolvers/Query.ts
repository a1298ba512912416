import type { QueryResolvers } from "../generated/resolvers.ts";
import { cursorAt, searchRequest } from "../domain/search-request.ts";

export const Query: QueryResolvers = {
  async searchNews(_, args, { store, embedder }) {
    const { query, filter, first, offset } = searchRequest(args);
    const vector = await embedder.embed(query, "query");
    const found = await store.nearest(vector, filter, { limit: first + 1, offset });
    const edges = found
      .slice(0, first)
      .map(({ article, score }, index) => ({ node: article, score, cursor: cursorAt(offset + index) }));
    return {
      edges,
      nodes: edges.map(({ node }) => node),
      pageInfo: { hasNextPage: found.length > first, endCursor: edges.at(-1)?.cursor ?? null },
    };
  },
};
