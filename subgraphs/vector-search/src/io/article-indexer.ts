import type { KafkaClient } from "@mib/events/kafka";
import { sentimentOfArticle } from "@mib/sentiment/sentiment";
import { Counter } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import { type ArticleEvent, articleOf, embeddedText, mentionsOf } from "../domain/article.ts";
import type { Arrivals } from "./arrivals.ts";
import type { ArticleStore, StoredArticle } from "./article-store.ts";
import type { Embedder } from "./embedder.ts";
import type { InstrumentDirectory } from "./instrument-directory.ts";
import type { ArrivedNews, LinkedNews } from "./linked-news.ts";
import type { NewsMatcher } from "./news-matcher.ts";
import { StoryAssigner } from "./story-assigner.ts";
import { readStream } from "./stream-reader.ts";

const NEWS = "news.articles.v1";
/** Articles are searchable after at most this many were embedded. */
const SAVED_AT_ONCE_MAX = 64;

interface IndexerParts {
  kafka: KafkaClient;
  store: ArticleStore;
  embedder: Embedder;
  arrivals: Arrivals;
  instruments: InstrumentDirectory;
  linked: LinkedNews;
  matcher: NewsMatcher;
  /** The name under which the topic is found. */
  topic?: string;
}

/**
 * Tells every article of the stream with the instruments that it is about, embeds it, tells what watches it is about unless it is a
 * copy, and stores it, going on from where the store says it is.
 * Both are idempotent, so a record that is read twice changes nothing. What does not validate is passed over and counted.
 */
export function startArticleIndexer(service: Service, parts: IndexerParts): void {
  const { registry } = service;
  const stories = new StoryAssigner(parts.store);
  const indexed = new Counter({
    name: "vector_search_articles_indexed_total",
    help: "Articles stored",
    registers: [registry],
  });
  const copied = new Counter({
    name: "vector_search_articles_copied_total",
    help: "Of the articles stored those that repeat an earlier one",
    registers: [registry],
  });
  const refused = new Counter({
    name: "vector_search_articles_refused_total",
    help: "Records that are no articles",
    registers: [registry],
  });

  readStream<ArticleEvent>(service, {
    kafka: parts.kafka,
    stream: NEWS,
    topic: parts.topic ?? NEWS,
    check: "news",
    lastOffset: (epoch) => parts.store.lastOffset(epoch),
    onRefused: () => refused.inc(),
    onEvents: async (events, epoch) => {
      const linker = await parts.instruments.linker();
      const arrived = events.map((event) => ({ ...event, mentions: mentionsOf(event.value, linker) }));
      // Before they are embedded, which takes a while.
      await parts.linked.tell(arrived, epoch);
      for (let from = 0; from < arrived.length; from += SAVED_AT_ONCE_MAX) {
        const part = arrived.slice(from, from + SAVED_AT_ONCE_MAX);
        const prepared = await Promise.all(part.map((each) => prepare(each, epoch)));
        const told = await stories.assign(prepared);
        const articles = prepared.map((each, at) => ({ ...each, article: told[at]! }));
        // Before they are stored: what is stored is not read again, so a match that was not told would be lost.
        await parts.matcher.tell(
          articles
            .map(({ article, vector }, at) => ({ article, vector, arrivedMs: part[at]!.brokerTimeMs }))
            .filter(({ article }) => article.copyOf === null),
        );
        await parts.store.save(articles);
        indexed.inc(part.length);
        copied.inc(articles.filter(({ article }) => article.copyOf !== null).length);
        parts.arrivals.announce(part.map(({ value }) => value.id));
      }
    },
  });

  async function prepare({ value, offset, mentions }: ArrivedNews, epoch: string): Promise<StoredArticle> {
    const article = articleOf(value, { sentiment: sentimentOfArticle(value), mentions });
    return {
      article,
      vector: await parts.embedder.embed(embeddedText(article), "document"),
      position: { epoch, offset },
    };
  }
}
