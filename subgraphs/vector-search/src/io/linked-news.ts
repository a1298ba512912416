import type { EventProducer } from "@mib/events/producer";
import { aboutOf, type ArticleEvent, type ArticleMention } from "../domain/article.ts";
import type { Read } from "./stream-reader.ts";

const LINKED = "news.linked.v1";
/** What is read again when the collection is built anew is no news any more. */
const AGE_MS_MAX = 24 * 3_600_000;

/** An article that came, with where its text speaks of instruments. */
export interface ArrivedNews extends Read<ArticleEvent> {
  mentions: readonly ArticleMention[];
}

/**
 * Tells articles with every instrument that they are about, on `news.linked.v1`, as they come. Told again, an article has the same
 * event id.
 */
export class LinkedNews {
  readonly #producer: EventProducer;
  readonly #topic: string;
  readonly #nowMs: () => number;
  /** By epoch, how far the stream is told: a batch that is tried again is not told again. */
  readonly #told = new Map<string, bigint>();

  constructor(producer: EventProducer, { topic = LINKED, nowMs = Date.now } = {}) {
    this.#producer = producer;
    this.#topic = topic;
    this.#nowMs = nowMs;
  }

  /** Returns when all are in the log. */
  async tell(arrived: readonly ArrivedNews[], epoch: string): Promise<void> {
    const told = this.#told.get(epoch) ?? -1n;
    const oldestMs = this.#nowMs() - AGE_MS_MAX;
    const news = arrived.filter(({ offset, brokerTimeMs }) => offset > told && brokerTimeMs >= oldestMs);
    await Promise.all(
      news.map(({ value, mentions, eventId, traceparent }) =>
        this.#producer.send({
          topic: this.#topic,
          key: null,
          channel: "*",
          eventId,
          traceparent,
          value: JSON.stringify(linkedOf(value, mentions)),
        }),
      ),
    );
    const last = arrived.at(-1);
    if (last !== undefined && last.offset > told) this.#told.set(epoch, last.offset);
  }
}

function linkedOf(
  { id, title, summary, url, source, publishedAt, instruments }: ArticleEvent,
  mentions: readonly ArticleMention[],
) {
  const symbols = instruments.map(({ symbol }) => symbol);
  const about = aboutOf({ symbols, mentions }).map((symbol) => ({ symbol }));
  return { id, title, summary: summary ?? null, url: url ?? null, source, publishedAt, instruments, about };
}
