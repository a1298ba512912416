import { createKafka } from "@mib/events/kafka";
import { createEventProducer } from "@mib/events/producer";
import { createLogger } from "@mib/service/log";
import { createTestTopics, servers } from "@mib/testkit/servers";
import { expect, test } from "vitest";
import { earlierArticles } from "./earlier-articles.ts";

const log = createLogger("test");

test("the articles that Kafka has are known by their ids, and none where it has none", async () => {
  await using topics = await createTestTopics({ news: 1 });
  const topic = topics.names.news!;
  const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "test", log);
  const { signal } = new AbortController();
  expect(await earlierArticles(kafka, log, signal, topic)).toEqual(new Set());
  const producer = createEventProducer({ kafka, log });
  for (const eventId of ["a", "b", "a"]) await producer.send({ topic, key: null, channel: "*", eventId, value: "{}" });
  await producer.sendRecord(topic, { value: "no event" });
  expect(await earlierArticles(kafka, log, signal, topic)).toEqual(new Set(["a", "b"]));
  await producer.stop();
});

test("without Kafka it waits until it is to end", async () => {
  const kafka = createKafka({ KAFKA_BROKERS: ["127.0.0.1:1"] }, "test", log);
  const end = new AbortController();
  const known = earlierArticles(kafka, log, end.signal);
  end.abort();
  expect(await known).toEqual(new Set());
});
