/** An article as far as it says how an instrument stands. */
export interface HeardArticle {
  id: string;
  publishedMs: number;
  /** When it was told: what is published later than that is a mistake of its source. */
  toldMs: number;
  /** Of each two articles with the same one, one repeats the other. */
  textHash: string;
  /** From -1 to 1. */
  sentiment: number;
}

/** How the news about an instrument sounds, what is new before what is old. */
export interface NewsSentiment {
  /** The time from which ages are counted. */
  asOfMs: number;
  /** From -1 to 1: the mean, each article by its weight. */
  score: number;
  /** From 0 to 1; no probability. */
  confidence: number;
  articles: number;
  /** The weights of all articles: one that is new has 1, after a half-life it has half. */
  weight: number;
}

const ARTICLES_MAX = 100;
const AGE_MS_MAX = 30 * 24 * 3_600_000;
const HOUR_MS = 3_600_000;

/**
 * The newest articles about each instrument, at most 100 of the last 30 days. What it says depends on what was told alone, so that
 * reading the stream again says the same.
 */
export class NewsMemory {
  readonly #articles = new Map<string, HeardArticle[]>();
  #asOfMs = Number.NEGATIVE_INFINITY;

  /** Every article takes the time further, also one that says nothing about how it sounds. */
  heard({ publishedMs, toldMs }: Pick<HeardArticle, "publishedMs" | "toldMs">): void {
    this.#asOfMs = Math.max(this.#asOfMs, Math.min(publishedMs, toldMs));
  }

  /** Takes an article, unless it was told before or its text was. */
  add(symbol: string, article: HeardArticle): void {
    let articles = this.#articles.get(symbol);
    if (articles === undefined) this.#articles.set(symbol, (articles = []));
    if (articles.some(({ id, textHash }) => id === article.id || textHash === article.textHash)) return;
    let at = articles.length;
    while (at > 0 && isOlder(article, articles[at - 1]!)) at -= 1;
    articles.splice(at, 0, article);
    if (articles.length > ARTICLES_MAX) articles.shift();
  }

  /** Null where nothing was told. */
  sentiment(symbol: string, halfLifeHours: number): NewsSentiment | null {
    let [articles, weight, sum, size] = [0, 0, 0, 0];
    for (const { publishedMs, sentiment } of this.#articles.get(symbol) ?? []) {
      const ageMs = Math.max(0, this.#asOfMs - publishedMs);
      if (ageMs > AGE_MS_MAX) continue;
      const share = 0.5 ** (ageMs / HOUR_MS / halfLifeHours);
      articles += 1;
      weight += share;
      sum += share * sentiment;
      size += share * Math.abs(sentiment);
    }
    // With a short half-life old articles weigh nothing that a number holds.
    if (weight === 0) return null;
    const agreement = size === 0 ? 0 : Math.abs(sum) / size;
    return {
      asOfMs: this.#asOfMs,
      score: sum / weight,
      confidence: (agreement * weight) / (weight + 1),
      articles,
      weight,
    };
  }
}

/** Those of one time by id, so that which of them stay is the same each time. */
const isOlder = (one: HeardArticle, other: HeardArticle): boolean =>
  one.publishedMs < other.publishedMs || (one.publishedMs === other.publishedMs && one.id < other.id);
