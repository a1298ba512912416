import type { Notification } from "./notification.ts";
import { deterministicUuid } from "./deterministic-uuid.ts";
import type { NewsWatch } from "./news-watch.ts";

/** The value of a record of news.matches.v1: an article that is like what a watch is about. */
export interface NewsMatch {
  watch: string;
  version: number;
  similarity: number;
  article: { id: string; title: string; source: string; publishedAt: string; symbols: readonly string[] };
}

/** What a match leaves in the inbox of the watch's owner; the same however often it is made. */
export function notificationOfMatch({ similarity, article }: NewsMatch, watch: NewsWatch): Notification {
  const value = similarity.toFixed(3).replace(/\.?0+$/u, "");
  return {
    // Without the version: an article is told once, also when the watch is changed in between.
    id: deterministicUuid(`${watch.id}/${article.id}`),
    userId: watch.userId,
    ruleId: null,
    watchId: watch.id,
    articleId: article.id,
    symbol: article.symbols.find((symbol) => watch.symbols.length === 0 || watch.symbols.includes(symbol)) ?? null,
    title: article.title,
    body: `News by ${article.source} on “${watch.query}” (similarity ${value}).`,
    value,
    at: article.publishedAt,
  };
}
