import { snippetOf } from "../domain/snippet.ts";
import type { NewsEdgeResolvers } from "../generated/resolvers.ts";

export const NewsEdge: NewsEdgeResolvers = {
  snippet: ({ node, query }) => snippetOf(node, query),
};
