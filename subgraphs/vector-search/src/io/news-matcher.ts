import type { EventProducer } from "@mib/events/producer";
import { Counter } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import { aboutOf, type Article } from "../domain/article.ts";
import type { NewsWatchStore } from "./news-watch-store.ts";
import type { StreamReading } from "./stream-reader.ts";

const MATCHES = "news.matches.v1";

interface ArrivedArticle {
  article: Article;
  vector: readonly number[];
  arrivedMs: number;
}

interface MatcherParts {
  /** Of the watches: articles wait for it. */
  reading: StreamReading;
  producer: EventProducer;
  topic?: string;
}

/** Tells which watches articles are about, on `news.matches.v1`. Told again, a match has the same event id. */
export class NewsMatcher {
  readonly #reading: StreamReading;
  readonly #producer: EventProducer;
  readonly #topic: string;
  readonly #matched: Counter;

  constructor(service: Service, { reading, producer, topic = MATCHES }: MatcherParts) {
    this.#reading = reading;
    this.#producer = producer;
    this.#topic = topic;
    this.#matched = new Counter({
      name: "vector_search_news_matches_total",
      help: "Articles told to watches",
      registers: [service.registry],
    });
  }

  /** Returns when all matches are in the log. Articles and watches are embedded by the same model. */
  async tell(arrived: readonly ArrivedArticle[], watches: NewsWatchStore): Promise<void> {
    // After a time without us both streams have grown: an article that is held against the watches of then is lost to newer ones.
    await this.#reading.caughtUp();
    const found = await watches.matching(
      arrived.map(({ article, vector, arrivedMs }) => ({ vector, about: aboutOf(article), arrivedMs })),
    );
    const sent = arrived.flatMap(({ article }, at) =>
      found[at]!.map(({ id, version, similarity }) => {
        const { id: articleId, title, source, publishedAt } = article;
        const told = { id: articleId, title, source, publishedAt, symbols: aboutOf(article) };
        return this.#producer.send({
          topic: this.#topic,
          key: id,
          channel: "*",
          eventId: `${id}/${version}/${articleId}`,
          value: JSON.stringify({ watch: id, version, similarity, article: told }),
        });
      }),
    );
    await Promise.all(sent);
    this.#matched.inc(sent.length);
  }
}
