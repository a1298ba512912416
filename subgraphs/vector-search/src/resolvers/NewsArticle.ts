import { pageSize } from "../domain/search-request.ts";
import type { NewsArticleResolvers } from "../generated/resolvers.ts";

export const NewsArticle: NewsArticleResolvers = {
  __resolveReference: ({ id }, { articles }) => articles.load(id),
  instruments: ({ symbols }) => symbols.map((symbol) => ({ symbol })),
  mentions: ({ title, summary, mentions }) =>
    mentions.map(({ symbols, kind, part, start, end }) => ({
      instruments: symbols.map((symbol) => ({ symbol })),
      kind,
      part,
      range: { start, end },
      text: (part === "TITLE" ? title : (summary ?? "")).slice(start, end),
    })),
  story: ({ story }) => ({ id: story }),
  similar: ({ id }, { first }, { similarTo }) => similarTo.load({ id, limit: pageSize(first, 5) }),
};
