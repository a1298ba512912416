/** An article as it is stored and searched. */
export interface Article {
  id: string;
  title: string;
  summary: string | null;
  url: string | null;
  source: string;
  /** RFC 3339, UTC. */
  publishedAt: string;
  symbols: readonly string[];
  /** From -1 to 1; null when nothing in the text says. */
  sentiment: number | null;
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
  return searchedText(article).slice(0, EMBEDDED_CHARACTERS_MAX);
}

export function articleOf(event: ArticleEvent, sentiment: number | null): Article {
  return {
    id: event.id,
    title: event.title,
    summary: event.summary ?? null,
    url: event.url ?? null,
    source: event.source,
    publishedAt: event.publishedAt,
    symbols: [...new Set(event.instruments.map(({ symbol }) => symbol))],
    sentiment,
  };
}
