import { createHash } from "node:crypto";
import { articleId } from "../news/article.ts";

/** What can be given in, by the last part of its path. */
export const INGEST_KINDS = {
  news: { topic: "news.articles.v1", key: () => null, id: idOfArticle },
  posts: { topic: "social.posts.v1", key: sourceOf, id: (post) => idOf(post, ["url", "text", "at"]) },
  readings: { topic: "sensor.readings.v1", key: sourceOf, id: (reading) => idOf(reading, ["metric", "at"]) },
} as const satisfies Record<string, IngestKind>;

export type IngestKindName = keyof typeof INGEST_KINDS;

type Item = Record<string, unknown>;

interface IngestKind {
  topic: string;
  /** The record's key in Kafka. */
  key(item: Item): string | null;
  /** The same item given twice has the same id, whoever gives it and whenever. */
  id(item: Item): string;
}

function sourceOf(item: Item): string | null {
  return typeof item.source === "string" ? item.source : null;
}

/** Of what a giver calls it, where it has a name, else of what makes it that item. */
function idOf(item: Item, fields: readonly string[]): string {
  const parts = typeof item.id === "string" ? [item.id] : fields.map((field) => item[field] ?? null);
  return createHash("sha256")
    .update(JSON.stringify([item.source, ...parts]))
    .digest("hex")
    .slice(0, 32);
}

/** As the poller's: so an article that came both ways counts once. */
function idOfArticle(item: Item): string {
  const text = (value: unknown) => (typeof value === "string" ? value : null);
  return articleId({ url: text(item.url), title: text(item.title) ?? "", summary: text(item.summary) });
}
