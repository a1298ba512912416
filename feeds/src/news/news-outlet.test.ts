import { consumeEvents } from "@mib/events/consumer";
import { createKafka } from "@mib/events/kafka";
import { createLogger } from "@mib/service/log";
import { createService } from "@mib/service/run";
import { createTestTopics, servers } from "@mib/testkit/servers";
import { eventually } from "@mib/testkit/eventually";
import { expect, test } from "vitest";
import { createFeedMetrics } from "../feed-metrics.ts";
import { articleId, type Article } from "./article.ts";
import { createNewsOutlet } from "./news-outlet.ts";

const article = (number: number): Article => {
  const text = { title: `Article ${number}`, summary: null, url: `https://wire.example/${number}` };
  return {
    ...text,
    id: articleId(text),
    source: "Wire",
    publishedAt: "2026-03-04T14:30:00Z",
    instruments: [{ symbol: "BTCUSDT" }],
  };
};

function outlet(brokers: string[], topic: string) {
  const service = createService("feed-test");
  return createNewsOutlet({ KAFKA_BROKERS: brokers }, service.log, createFeedMetrics(service.registry), topic);
}

test("articles arrive in Kafka in their order, with the headers of an event", async () => {
  await using topics = await createTestTopics({ news: 1 });
  const topic = topics.names.news!;
  const news = outlet(servers.kafkaBrokers, topic);
  const articles = Array.from({ length: 700 }, (_, number) => article(number));
  news.publish(articles.slice(0, 3));
  news.publish(articles.slice(3));
  await eventually(() => expect(news.waiting).toBe(0), { deadlineMs: 30_000 });

  const seen: { value: string; id: string; channel: string; version: string }[] = [];
  const consumer = await consumeEvents({
    kafka: createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "feed-test"),
    log: createLogger("feed-test"),
    name: "feed-test",
    topics: [topic],
    startOffset: () => "earliest",
    onBatch: async ({ records }) => {
      seen.push(
        ...records.map(({ value, headers }) => ({
          value: String(value),
          id: String(headers?.["event-id"]),
          channel: String(headers?.channel),
          version: String(headers?.["schema-version"]),
        })),
      );
    },
  });
  await eventually(() => expect(seen.length).toBe(700), { deadlineMs: 30_000 });
  expect(seen.map(({ value }) => JSON.parse(value))).toEqual(articles);
  expect(
    seen.every(({ value, id, channel, version }) => JSON.parse(value).id === id && channel === "*" && version === "1"),
  ).toBe(true);
  await consumer.stop();
  await news.stop(1_000);
});

test("an article that does not fit its schema is a mistake of the feed and is not sent", async () => {
  const news = outlet(servers.kafkaBrokers, "unused");
  expect(() => news.publish([{ ...article(1), publishedAt: "yesterday" }])).toThrow(/does not fit its schema/);
  expect(news.waiting).toBe(0);
  await news.stop(10);
});

test("without Kafka articles wait, and stopping takes no longer than it may", async () => {
  const news = outlet(["127.0.0.1:1"], "unused");
  news.publish([article(1), article(2)]);
  await news.stop(50);
  expect(news.waiting).toBe(2);
});
