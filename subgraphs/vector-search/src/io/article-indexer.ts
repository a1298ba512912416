import type { KafkaClient } from "@mib/events/kafka";
import { sentimentOfArticle } from "@mib/sentiment/sentiment";
import { Counter } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import { type ArticleEvent, articleOf, embeddedText, mentionsOf } from "../domain/article.ts";
import type { Arrivals } from "./arrivals.ts";
import type { StoredArticle } from "./article-store.ts";
import type { InstrumentDirectory } from "./instrument-directory.ts";
import type { ArrivedNews } from "./linked-news.ts";
import type { NewsMatcher } from "./news-matcher.ts";
import type { Bound, ServingModel } from "./serving-model.ts";
import { StoryAssigner } from "./story-assigner.ts";
import { readStream } from "./stream-reader.ts";
import { documentVector, type TextEmbedder } from "./text-embedder.ts";

const NEWS = "news.articles.v1";
/** Articles are searchable after at most this many were embedded. */
const SAVED_AT_ONCE_MAX = 64;

interface IndexerParts {
  kafka: KafkaClient;
  serving: ServingModel;
  arrivals: Arrivals;
  instruments: InstrumentDirectory;
  matcher: NewsMatcher;
  /** The name under which the topic is found. */
  topic?: string;
}

/**
 * Embeds every article of the stream, tells what watches it is about unless it is a copy, and stores it, going on from where the store says
 * it is. Told again, a match has the same event id, and stored again an article stays what it was: a record that is read twice changes
 * nothing. What does not validate is passed over and counted.
 */
export function startArticleIndexer(service: Service, parts: IndexerParts): void {
  const { registry } = service;
  const { serving } = parts;
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
    lastOffset: (epoch) => serving.current.articles.lastOffset(epoch),
    onRefused: () => refused.inc(),
    onEvents: async (events, epoch) => {
      const linker = await parts.instruments.linker();
      const arrived = events.map((event) => ({ ...event, mentions: mentionsOf(event.value, linker) }));
      for (let from = 0; from < arrived.length; from += SAVED_AT_ONCE_MAX) {
        const part = arrived.slice(from, from + SAVED_AT_ONCE_MAX);
        const articles = await serving.run((bound) => index(part, epoch, bound));
        indexed.inc(part.length);
        copied.inc(articles.filter(({ article }) => article.copyOf !== null).length);
        parts.arrivals.announce(part.map(({ value }) => value.id));
      }
    },
  });

  async function index(part: readonly ArrivedNews[], epoch: string, bound: Bound): Promise<StoredArticle[]> {
    const prepared = await Promise.all(part.map((each) => prepare(each, epoch, bound.embedder)));
    const told = await new StoryAssigner(bound.articles).assign(prepared);
    const articles = prepared.map((each, at) => ({ ...each, article: told[at]! }));
    // Before they are stored: what is stored is not read again, so a match that was not told would be lost.
    await parts.matcher.tell(
      articles
        .map(({ article, vector }, at) => ({ article, vector, arrivedMs: part[at]!.brokerTimeMs }))
        .filter((each): each is typeof each & { vector: readonly number[] } => each.vector !== null)
        .filter(({ article }) => article.copyOf === null),
      bound.watches,
    );
    await bound.articles.save(articles);
    return articles;
  }

  async function prepare(
    { value, offset, mentions }: ArrivedNews,
    epoch: string,
    embedder: TextEmbedder,
  ): Promise<StoredArticle> {
    const article = articleOf(value, { sentiment: sentimentOfArticle(value), mentions });
    return {
      article,
      vector: await documentVector(embedder, embeddedText(article)),
      position: { epoch, offset },
    };
  }
}
