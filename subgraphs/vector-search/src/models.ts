import type { Article } from "./domain/article.ts";

/** What resolvers get as their parent, by GraphQL type. */
export type NewsArticle = Article;

export interface Instrument {
  symbol: string;
}
