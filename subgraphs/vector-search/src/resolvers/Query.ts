import type { QueryResolvers } from "../generated/resolvers.ts";
import { cursorAt, searchRequest, type SearchRequest } from "../domain/search-request.ts";
import type { Wanted } from "../io/ranked-query.ts";
import type { TextEmbedder } from "../io/text-embedder.ts";
import { storiesRequest } from "../domain/stories-request.ts";
import { connectionOf } from "@mib/subgraph-server/connection";
import { ranked } from "./post-connection.ts";

export const Query: QueryResolvers = {
  async searchNews(_, args, { serving }) {
    const request = searchRequest(args);
    const { query, filter, first, offset } = request;
    const found = await serving.run(async ({ articles, embedder }) =>
      articles.search(await wantedBy(request, embedder), { limit: first + 1, offset }),
    );
    const edges = found
      .slice(0, first)
      .map(({ article, score }, index) => ({ node: article, score, query, cursor: cursorAt(offset + index) }));
    return {
      edges,
      nodes: edges.map(({ node }) => node),
      facets: filter,
      pageInfo: { hasNextPage: found.length > first, endCursor: edges.at(-1)?.cursor ?? null },
    };
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
    const { first, offset } = request;
    const found = await serving.run(async ({ posts, embedder }) =>
      posts.search(await wantedBy(request, embedder), { limit: first + 1, offset }),
    );
    return ranked(found, first, offset);
  },
};

async function wantedBy(
  { query, rankBy, filter, halfLifeHours }: SearchRequest,
  embedder: TextEmbedder,
): Promise<Wanted> {
  return {
    vector: rankBy === "WORDS" ? null : await embedder.embed(query, "query"),
    text: rankBy === "MEANING" ? null : query,
    filter,
    halfLifeHours,
  };
}
