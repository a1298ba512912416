import { setTimeout as delay } from "node:timers/promises";
import { createKafka, type KafkaSettings } from "@mib/events/kafka";
import { createEventProducer } from "@mib/events/producer";
import { validateValue } from "@mib/events/validate";
import type { Logger } from "@mib/service/log";
import type { FeedMetrics } from "../feed-metrics.ts";
import type { Article } from "./article.ts";

const NEWS_TOPIC = "news.articles.v1";

/** Where articles go out. */
export interface NewsOutlet {
  /** Takes articles; they are sent in this order, again and again until Kafka has them. */
  publish(articles: readonly Article[]): void;
  /** Resolves when Kafka has everything, or the time is over. */
  stop(timeoutMs: number): Promise<void>;
  /** Articles that Kafka does not have yet. */
  readonly waiting: number;
}

const WAITING_MAX = 10_000;
const BATCH_MAX = 500;
const RETRY_MS = 1_000;

/**
 * Sends articles to Kafka. The event id is the article's id, which comes of link and text, so an article that is sent again
 * after a doubtful answer, by another run of the feed, or because two sources had it, counts once.
 */
export function createNewsOutlet(
  settings: KafkaSettings,
  log: Logger,
  metrics: FeedMetrics,
  topic: string = NEWS_TOPIC,
): NewsOutlet {
  const producer = createEventProducer({ kafka: createKafka(settings, "mib-feed", log), log });
  const stopping = new AbortController();
  let queue: Article[] = [];
  let working: Promise<void> | null = null;

  async function work(): Promise<void> {
    while (queue.length > 0 && !stopping.signal.aborted) {
      const batch = queue.slice(0, BATCH_MAX);
      try {
        await Promise.all(
          batch.map((article) =>
            producer.send({ topic, key: null, channel: "*", eventId: article.id, value: JSON.stringify(article) }),
          ),
        );
        queue = queue.slice(batch.length);
        metrics.articles.inc(batch.length);
      } catch (error) {
        log.warn({ reason: (error as Error).message, waiting: queue.length }, "articles wait for Kafka");
        await delay(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
  }

  return {
    get waiting() {
      return queue.length;
    },
    publish(articles) {
      for (const article of articles) {
        const validation = validateValue(NEWS_TOPIC, JSON.stringify(article));
        if (!validation.ok) throw new Error(`article ${article.id} does not fit its schema: ${validation.reason}`);
      }
      queue.push(...articles);
      const excess = queue.length - WAITING_MAX;
      if (excess > 0) {
        queue.splice(0, excess);
        metrics.articlesLost.inc(excess);
        log.error({ excess }, "articles were dropped: too many wait for Kafka");
      }
      working ??= work().finally(() => (working = null));
    },
    async stop(timeoutMs) {
      const timer = new AbortController();
      await Promise.race([working, delay(timeoutMs, undefined, { signal: timer.signal }).catch(() => {})]);
      timer.abort();
      stopping.abort();
      if (queue.length > 0) log.warn({ waiting: queue.length }, "Kafka has not got all articles");
      else await producer.stop();
    },
  };
}
