import { pageSize } from "../domain/search-request.ts";
import type { NewsArticleResolvers } from "../generated/resolvers.ts";

export const NewsArticle: NewsArticleResolvers = {
  __resolveReference: ({ id }, { articles }) => articles.load(id),
  instruments: ({ symbols }) => symbols.map((symbol) => ({ symbol })),
  similar: ({ id }, { first }, { similarTo }) => similarTo.load({ id, limit: pageSize(first, 5) }),
};
