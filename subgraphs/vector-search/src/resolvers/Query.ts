import type { QueryResolvers } from "../generated/resolvers.ts";
import { cursorAt, searchRequest } from "../domain/search-request.ts";
import { storiesRequest } from "../domain/stories-request.ts";
import { connectionOf } from "@mib/subgraph-server/connection";
import { ranked } from "./post-connection.ts";

export const Query: QueryResolvers = {
  async searchNews(_, args, { store, embedder }) {
    const { query, rankBy, halfLifeHours, filter, first, offset } = searchRequest(args);
    const wanted = {
      vector: rankBy === "WORDS" ? null : await embedder.embed(query, "query"),
      text: rankBy === "MEANING" ? null : query,
      filter,
      halfLifeHours,
    };
    const found = await store.search(wanted, { limit: first + 1, offset });
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
  async searchPosts(_, args, { posts, embedder }) {
    const { query, rankBy, halfLifeHours, filter, first, offset } = searchRequest(args);
    const wanted = {
      vector: rankBy === "WORDS" ? null : await embedder.embed(query, "query"),
      text: rankBy === "MEANING" ? null : query,
      filter,
      halfLifeHours,
    };
    return ranked(await posts.store.search(wanted, { limit: first + 1, offset }), first, offset);
  },
};
