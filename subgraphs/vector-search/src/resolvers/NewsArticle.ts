import { aboutOf } from "../domain/article.ts";
import { sentimentsOfMentions } from "../domain/mention-sentiment.ts";
import { articleSentiment } from "../domain/sentiment-detail.ts";
import { pageSize } from "../domain/search-request.ts";
import type { NewsArticleResolvers } from "../generated/resolvers.ts";

export const NewsArticle: NewsArticleResolvers = {
  __resolveReference: ({ id }, { articles }) => articles.load(id),
  instruments: ({ symbols }) => symbols.map((symbol) => ({ symbol })),
  about: (article) => aboutOf(article).map((symbol) => ({ symbol })),
  mentions: (article) => {
    const sentimentOf = sentimentsOfMentions(article);
    return article.mentions.map((mention) => {
      const { symbols, kind, part, start, end } = mention;
      return {
        instruments: symbols.map((symbol) => ({ symbol })),
        kind,
        part,
        range: { start, end },
        text: (part === "TITLE" ? article.title : (article.summary ?? "")).slice(start, end),
        // Only where it is asked for.
        get sentiment() {
          return sentimentOf(mention);
        },
      };
    });
  },
  sentimentDetail: articleSentiment,
  copyOf: ({ copyOf }, _, { articles }) => (copyOf === null ? null : articles.load(copyOf)),
  story: ({ story }) => ({ id: story, before: null }),
  similar: ({ id }, { first }, { similarTo }) => similarTo.load({ id, limit: pageSize(first, 5) }),
};
