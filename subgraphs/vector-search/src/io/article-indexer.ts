import { setTimeout as delay } from "node:timers/promises";
import { consumeEvents, type EventConsumer, type RecordBatch } from "@mib/events/consumer";
import { readEpochs } from "@mib/events/epochs";
import { decodeEvent, InvalidRecordError, type StreamEvent } from "@mib/events/event";
import type { KafkaClient } from "@mib/events/kafka";
import { validateValue } from "@mib/events/validate";
import { Counter } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import { articleOf, embeddedText, mentionsOf, type ArticleEvent } from "../domain/article.ts";
import { sentimentOfArticle } from "@mib/sentiment/sentiment";
import type { Arrivals } from "./arrivals.ts";
import type { ArticleStore, StoredArticle } from "./article-store.ts";
import type { EntityLinker } from "../domain/linking/entity-linker.ts";
import type { Embedder } from "./embedder.ts";
import type { InstrumentDirectory } from "./instrument-directory.ts";

const NEWS_TOPIC = "news.articles.v1";
/** Articles are searchable after at most this many were embedded. */
const SAVED_AT_ONCE_MAX = 64;
const RETRY_MS = 1_000;

interface IndexerParts {
  kafka: KafkaClient;
  store: ArticleStore;
  embedder: Embedder;
  arrivals: Arrivals;
  instruments: InstrumentDirectory;
  /** The name under which the topic is found. */
  topic?: string;
}

interface Accepted {
  event: ArticleEvent;
  offset: bigint;
}

/**
 * Embeds every article of the stream and stores it, going on from where the store says it is. Storing is idempotent, so a
 * record that is read twice changes nothing. What does not validate is passed over and counted.
 */
export function startArticleIndexer(service: Service, parts: IndexerParts): void {
  const { log, shutdownSignal, registry } = service;
  const { topic = NEWS_TOPIC } = parts;
  const indexed = new Counter({
    name: "vector_search_articles_indexed_total",
    help: "Articles stored",
    registers: [registry],
  });
  const refused = new Counter({
    name: "vector_search_articles_refused_total",
    help: "Records that are no articles",
    registers: [registry],
  });
  let consumer: EventConsumer | null = null;

  service.health.check("news", () => {
    if (!consumer?.connected()) throw new Error("not reading the news");
    return { lag: Number(consumer.lag().get(topic) ?? 0n) };
  });

  const starting = (async () => {
    while (!shutdownSignal.aborted) {
      try {
        const epochs = await readEpochs(parts.kafka);
        const epoch = epochs.get(NEWS_TOPIC);
        if (epoch === undefined) throw new Error(`${NEWS_TOPIC} is not provisioned yet`);
        consumer = await consumeEvents({
          kafka: parts.kafka,
          log,
          name: "vector-search",
          topics: [topic],
          startOffset: async () => {
            const last = await parts.store.lastOffset(epoch);
            return last === null ? "earliest" : last + 1n;
          },
          onBatch: (batch) => index(batch, epochs),
        });
        return;
      } catch (error) {
        log.warn({ err: error, retryMs: RETRY_MS }, "cannot read the news yet");
        await delay(RETRY_MS, undefined, { signal: shutdownSignal }).catch(() => {});
      }
    }
  })();
  service.onShutdown("article indexer", async () => {
    await starting;
    await consumer?.stop();
  });

  async function index(batch: RecordBatch, epochs: ReadonlyMap<string, string>): Promise<void> {
    const accepted: Accepted[] = [];
    for (const record of batch.records) {
      try {
        accepted.push(accept(decodeEvent(NEWS_TOPIC, batch.partition, record, epochs)));
      } catch (error) {
        if (!(error instanceof InvalidRecordError)) throw error;
        // The relay puts it into the dead-letter topic; here it is only passed over.
        refused.inc();
      }
    }
    const epoch = epochs.get(NEWS_TOPIC) as string;
    const linker = await parts.instruments.linker();
    for (let from = 0; from < accepted.length; from += SAVED_AT_ONCE_MAX) {
      const part = accepted.slice(from, from + SAVED_AT_ONCE_MAX);
      await parts.store.save(await Promise.all(part.map((item) => prepare(item, epoch, linker))));
      indexed.inc(part.length);
      parts.arrivals.announce(part.map(({ event }) => event.id));
    }
  }

  function accept({ value, offset }: StreamEvent): Accepted {
    const validation = validateValue(NEWS_TOPIC, value);
    if (!validation.ok) throw new InvalidRecordError(validation.reason);
    return { event: validation.value as ArticleEvent, offset };
  }

  async function prepare({ event, offset }: Accepted, epoch: string, linker: EntityLinker): Promise<StoredArticle> {
    const article = articleOf(event, {
      sentiment: sentimentOfArticle(event),
      mentions: mentionsOf(event, linker),
    });
    return {
      article,
      vector: await parts.embedder.embed(embeddedText(article), "document"),
      position: { epoch, offset },
    };
  }
}
