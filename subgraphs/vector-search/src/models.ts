import type { Article } from "./domain/article.ts";
import type { Post } from "./domain/post.ts";
import type { SearchFilter } from "./domain/search-request.ts";

/** What resolvers get as their parent, by GraphQL type. */
export type NewsArticle = Article;

export type SocialPost = Post;

export interface SocialPostEdge {
  node: Post;
  cursor: string;
  score: number | null;
}

export interface NewsEdge {
  node: Article;
  cursor: string;
  score: number;
  /** What was asked for. */
  query: string;
}

export interface Story {
  id: string;
  /** Only what was told before then; null: all of it. */
  before: string | null;
}

/** Counted only when asked for. */
export type NewsFacets = SearchFilter;

export interface Instrument {
  symbol: string;
}

/** From `from` up to and without `to`. */
export interface MarketBrief {
  from: string;
  to: string;
}

export interface InstrumentBrief extends MarketBrief {
  symbol: string;
}
