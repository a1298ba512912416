import { beginningOf } from "./beginning.ts";
import type { EntityLinker, MentionKind } from "./linking/entity-linker.ts";

/** An article as it is stored and searched. */
export interface Article {
  id: string;
  title: string;
  summary: string | null;
  url: string | null;
  source: string;
  /** RFC 3339, UTC. */
  publishedAt: string;
  /** Of the instruments that its source says it is about. */
  symbols: readonly string[];
  mentions: readonly ArticleMention[];
  /** The story that it tells: the id of the first article that told it. */
  story: string;
  /** The id of the earlier article whose text it repeats; null: none, it is an original. */
  copyOf: string | null;
  /** From -1 to 1; null when nothing in the text says. */
  sentiment: number | null;
}

/** Where an article speaks of instruments, in UTF-16 code units of one of its parts. */
export interface ArticleMention {
  symbols: readonly string[];
  kind: MentionKind;
  part: "TITLE" | "SUMMARY";
  start: number;
  end: number;
}

/** The value of a record of news.articles.v1. */
export interface ArticleEvent {
  id: string;
  title: string;
  summary: string | null;
  url: string | null;
  source: string;
  publishedAt: string;
  instruments: readonly { symbol: string }[];
}

const EMBEDDED_CHARACTERS_MAX = 1_000;

/** What of an article is searched by words. */
export function searchedText({ title, summary }: { title: string; summary: string | null }): string {
  return summary === null ? title : `${title}. ${summary}`;
}

/** What of an article is searched by meaning: its title and the beginning of its summary. */
export function embeddedText(article: { title: string; summary: string | null }): string {
  return beginningOf(searchedText(article), EMBEDDED_CHARACTERS_MAX);
}

/** Where title and summary speak of instruments. */
export function mentionsOf(
  { title, summary }: Pick<ArticleEvent, "title" | "summary">,
  linker: EntityLinker,
): ArticleMention[] {
  const summaryAt = title.length + 1;
  // Together, because the one says what is meant in the other.
  return linker
    .mentions(`${title}\n${summary ?? ""}`)
    .map(({ symbols, kind, start, end }) =>
      start < summaryAt
        ? { symbols, kind, part: "TITLE", start, end }
        : { symbols, kind, part: "SUMMARY", start: start - summaryAt, end: end - summaryAt },
    );
}

/** Every instrument that the article is about, by its source or by its text. */
export function aboutOf({ symbols, mentions }: Pick<Article, "symbols" | "mentions">): string[] {
  return [...new Set([...symbols, ...mentions.flatMap((mention) => mention.symbols)])];
}

/** The article of an event, an original alone in a story of its own. */
export function articleOf(
  event: ArticleEvent,
  { sentiment, mentions }: { sentiment: number | null; mentions: readonly ArticleMention[] },
): Article {
  return {
    id: event.id,
    title: event.title,
    summary: event.summary ?? null,
    url: event.url ?? null,
    source: event.source,
    publishedAt: event.publishedAt,
    symbols: [...new Set(event.instruments.map(({ symbol }) => symbol))],
    mentions,
    story: event.id,
    copyOf: null,
    sentiment,
  };
}
