import type { EventProducer } from "@mib/events/producer";
import { Counter } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import { aboutOf, type Article } from "../domain/article.ts";
import type { NewsWatchStore } from "./news-watch-store.ts";

const MATCHES = "news.matches.v1";

interface ArrivedArticle {
  article: Article;
  vector: readonly number[];
  arrivedMs: number;
}

/** Tells which watches articles are about, on `news.matches.v1`. Told again, a match has the same event id. */
export class NewsMatcher {
  readonly #watches: NewsWatchStore;
  readonly #producer: EventProducer;
  readonly #topic: string;
  readonly #matched: Counter;

  constructor(
    service: Service,
    { watches, producer, topic = MATCHES }: { watches: NewsWatchStore; producer: EventProducer; topic?: string },
  ) {
    this.#watches = watches;
    this.#producer = producer;
    this.#topic = topic;
    this.#matched = new Counter({
      name: "vector_search_news_matches_total",
      help: "Articles told to watches",
      registers: [service.registry],
    });
  }

  /** Returns when all matches are in the log. */
  async tell(arrived: readonly ArrivedArticle[]): Promise<void> {
    const found = await this.#watches.matching(
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
