import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@mib/service/log";
import { articleId, type Article } from "./article.ts";
import { documentText } from "./document-text.ts";
import { parseSyndication, SyndicationError, type SyndicatedItem } from "./syndication.ts";

export interface SyndicationSource {
  url: string;
  /** As articles show it; null: the document's own title. */
  name: string | null;
  everyMs: number;
  /** What its articles are about. */
  symbols: readonly string[];
}

export interface PollerStatus {
  url: string;
  /** RFC 3339 of the last answer that could be read; null: none yet. */
  readAt: string | null;
  trouble: string | null;
}

export interface SyndicationPollerOptions {
  source: SyndicationSource;
  log: Logger;
  signal: AbortSignal;
  /** Ids of articles that were told before this process: they are not told again. */
  earlier?: ReadonlySet<string>;
  onArticles(articles: Article[]): void;
  onFailure?(): void;
}

const ANSWER_MS_MAX = 20_000;
const ANSWER_BYTES_MAX = 8 * 1_024 * 1_024;
const WAIT_MS_MAX = 3_600_000;
/** Ids of articles that were told and are no longer in the document; documents have some hundred items, most of them. */
const TOLD_MAX = 10_000;

/**
 * Asks for a document of RSS or Atom again and again, politely: with the validators of the last answer (ETag, Last-Modified),
 * at the source's pace, later after a failure and as late as Retry-After says. An article is told once by a poller; its id,
 * which comes of link and text, lets consumers know it from another poller or an earlier run.
 */
export class SyndicationPoller {
  readonly status: PollerStatus;
  readonly #options: SyndicationPollerOptions;
  readonly #told = new Set<string>();
  #etag: string | null = null;
  #lastModified: string | null = null;
  #failures = 0;

  constructor(options: SyndicationPollerOptions) {
    this.#options = options;
    this.status = { url: options.source.url, readAt: null, trouble: null };
  }

  /** Runs until the signal is aborted. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      const waitMs = await this.#poll();
      // Jitter, so that many pollers do not ask in step.
      await delay(waitMs * (0.9 + Math.random() / 5), undefined, { signal }).catch(() => {});
    }
  }

  /** Returns how long to wait. */
  async #poll(): Promise<number> {
    const { source, log, signal, onFailure } = this.#options;
    try {
      const retryAfterMs = await this.#ask();
      this.#failures = 0;
      this.status.trouble = null;
      this.status.readAt = new Date().toISOString();
      return Math.max(source.everyMs, retryAfterMs);
    } catch (error) {
      if (signal.aborted) return 0;
      const expected =
        error instanceof SyndicationError || error instanceof TypeError || (error as Error).name === "TimeoutError";
      if (!expected) throw error;
      this.#failures += 1;
      onFailure?.();
      this.status.trouble = (error as Error).message;
      log.warn({ url: source.url, reason: this.status.trouble }, "a news source could not be read");
      const retryAfterMs = error instanceof RefusedError ? error.retryAfterMs : 0;
      return Math.max(Math.min(WAIT_MS_MAX, source.everyMs * 2 ** Math.min(this.#failures, 10)), retryAfterMs);
    }
  }

  async #ask(): Promise<number> {
    const { source, signal } = this.#options;
    const response = await fetch(source.url, {
      headers: {
        accept: "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.9",
        "user-agent": "market-intel-brain",
        ...(this.#etag === null ? {} : { "if-none-match": this.#etag }),
        ...(this.#lastModified === null ? {} : { "if-modified-since": this.#lastModified }),
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
    });
    const retryAfterMs = Math.min(WAIT_MS_MAX, retryAfter(response.headers.get("retry-after")));
    if (response.status === 304) {
      await response.body?.cancel();
      return retryAfterMs;
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw new RefusedError(`the source answered ${response.status}`, retryAfterMs);
    }
    this.#tell(parseSyndication(await boundedText(response)));
    // After reading: a document that can't be read is asked for again.
    this.#etag = response.headers.get("etag");
    this.#lastModified = response.headers.get("last-modified");
    return retryAfterMs;
  }

  #tell({ title, items }: { title: string | null; items: readonly SyndicatedItem[] }): void {
    const { source, onArticles, earlier } = this.#options;
    const nowMs = Date.now();
    const now = new Date(nowMs).toISOString().replace(/\.?0*Z$/, "Z");
    const articles = items.flatMap((item): Article[] => {
      const id = articleId(item);
      // Among the last again: what a document still has must not be forgotten before what it had.
      const isKnown = this.#told.delete(id);
      this.#told.add(id);
      if (isKnown || earlier?.has(id)) return [];
      return [
        {
          id,
          title: item.title,
          summary: item.summary,
          url: item.url,
          source: source.name ?? title ?? new URL(source.url).host,
          // Documents have dates of the future, which would stand above all others for ever.
          publishedAt: item.publishedAt === null || Date.parse(item.publishedAt) > nowMs ? now : item.publishedAt,
          instruments: source.symbols.map((symbol) => ({ symbol })),
        },
      ];
    });
    for (const id of this.#told) {
      if (this.#told.size <= Math.max(TOLD_MAX, items.length)) break;
      this.#told.delete(id);
    }
    // As times: as texts half a second would come before none.
    articles.sort((a, b) => Date.parse(a.publishedAt) - Date.parse(b.publishedAt));
    if (articles.length > 0) onArticles(articles);
  }
}

class RefusedError extends SyndicationError {
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Seconds or a date (RFC 9110). */
function retryAfter(header: string | null): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new SyndicationError(`a document of more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return documentText(Buffer.concat(chunks), response.headers.get("content-type"));
}
