import { consumeEvents } from "@mib/events/consumer";
import { createKafka } from "@mib/events/kafka";
import { rangesOf, scanTopic } from "@mib/events/scan-topic";
import { createLogger } from "@mib/service/log";
import { createService } from "@mib/service/run";
import { createTestTopics, servers } from "@mib/testkit/servers";
import { eventually } from "@mib/testkit/eventually";
import { expect, test } from "vitest";
import { createEventOutlet } from "./event-outlet.ts";
import { createFeedMetrics } from "./feed-metrics.ts";
import { articleId, type Article, NEWS_TOPIC } from "./news/article.ts";

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
  return createEventOutlet({ KAFKA_BROKERS: brokers }, service.log, createFeedMetrics(service.registry), () => topic);
}

test("articles arrive in Kafka in their order, with the headers of an event", async () => {
  await using topics = await createTestTopics({ news: 1 });
  const topic = topics.names.news!;
  const news = outlet(servers.kafkaBrokers, topic);
  const articles = Array.from({ length: 700 }, (_, number) => article(number));
  news.publish(NEWS_TOPIC, articles.slice(0, 3));
  news.publish(NEWS_TOPIC, articles.slice(3));
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
  expect(() => news.publish(NEWS_TOPIC, [{ ...article(1), publishedAt: "yesterday" }])).toThrow(
    /does not fit the schema of news.articles.v1/,
  );
  expect(news.waiting).toBe(0);
  await news.stop(10);
});

test("events of several topics keep their order, each under its key", async () => {
  await using topics = await createTestTopics({ all: 1 });
  const events = outlet(servers.kafkaBrokers, topics.names.all!);
  const post = { source: "forum", text: "to the moon", at: "2026-03-04T14:30:00Z", instruments: [] };
  events.publish("social.posts.v1", [{ id: "p1", ...post }], ({ source }) => source);
  events.publish(NEWS_TOPIC, [article(1)]);
  events.publish("social.posts.v1", [{ id: "p2", ...post }], ({ source }) => source);
  await eventually(() => expect(events.waiting).toBe(0), { deadlineMs: 30_000 });
  const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "feed-test");
  const log = createLogger("feed-test");
  const topic = topics.names.all!;
  const seen: [string | undefined, string][] = [];
  const ranges = await rangesOf(kafka, topic);
  await scanTopic({
    kafka,
    log,
    topic,
    ranges,
    take: ({ key, value }) => void seen.push([key?.toString(), JSON.parse(String(value)).id]),
  });
  expect(seen).toEqual([
    ["forum", "p1"],
    [undefined, article(1).id],
    ["forum", "p2"],
  ]);
  await events.stop(1_000);
});

test("an event that is too large for Kafka is dropped and counted, and those behind it are sent", async () => {
  await using topics = await createTestTopics({ news: 1 });
  const topic = topics.names.news!;
  const service = createService("feed-test");
  const metrics = createFeedMetrics(service.registry);
  const news = createEventOutlet({ KAFKA_BROKERS: servers.kafkaBrokers }, service.log, metrics, () => topic);
  news.publish(NEWS_TOPIC, [article(1), { ...article(2), summary: "long ".repeat(250_000) }, article(3)]);
  await eventually(() => expect(news.waiting).toBe(0), { deadlineMs: 30_000 });
  await news.stop(1_000);
  expect((await metrics.eventsLost.get()).values).toMatchObject([{ value: 1, labels: { topic: NEWS_TOPIC } }]);
  const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "feed-test");
  const seen: string[] = [];
  const take = ({ value }: { value: Buffer | null }) => void seen.push(JSON.parse(String(value)).title);
  await scanTopic({ kafka, log: service.log, topic, ranges: await rangesOf(kafka, topic), take });
  expect(seen).toEqual(["Article 1", "Article 3"]);
});

test("when too many wait, the oldest that is not on its way goes and is counted, and all others are sent", async () => {
  await using topics = await createTestTopics({ news: 1 });
  const topic = topics.names.news!;
  const service = createService("feed-test");
  const metrics = createFeedMetrics(service.registry);
  const news = createEventOutlet({ KAFKA_BROKERS: servers.kafkaBrokers }, service.log, metrics, () => topic);
  const articles = Array.from({ length: 10_300 }, (_, number) => article(number));
  // The first 500 are on their way when the last 300 come.
  news.publish(NEWS_TOPIC, articles.slice(0, 10_000));
  news.publish(NEWS_TOPIC, articles.slice(10_000));
  expect(news.waiting).toBe(10_000);
  await eventually(() => expect(news.waiting).toBe(0), { deadlineMs: 60_000 });
  await news.stop(1_000);

  const countOf = async (counter: (typeof metrics)["events"]) => (await counter.get()).values[0]?.value;
  expect([await countOf(metrics.events), await countOf(metrics.eventsLost)]).toEqual([10_000, 300]);
  const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "feed-test");
  const seen: string[] = [];
  await scanTopic({
    kafka,
    log: service.log,
    topic,
    ranges: await rangesOf(kafka, topic),
    take: ({ value }) => void seen.push(JSON.parse(String(value)).id),
  });
  expect(seen).toEqual([...articles.slice(0, 500), ...articles.slice(800)].map(({ id }) => id));
});

test("without Kafka articles wait, and stopping takes no longer than it may", async () => {
  const news = outlet(["127.0.0.1:1"], "unused");
  news.publish(NEWS_TOPIC, [article(1), article(2)]);
  await news.stop(50);
  expect(news.waiting).toBe(2);
});
