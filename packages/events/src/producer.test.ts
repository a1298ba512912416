import { createLogger } from "@mib/service/log";
import { eventually } from "@mib/testkit/eventually";
import { createTestTopics, servers } from "@mib/testkit/servers";
import { expect, test } from "vitest";
import { consumeEvents } from "./consumer.ts";
import { createKafka } from "./kafka.ts";
import { createEventProducer, RECORD_BYTES_MAX, RecordTooLargeError } from "./producer.ts";

const log = createLogger("producer-test");
const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "producer-test", log);

test("what is more than a broker takes in one request arrives in several, in order, and what it never takes fails alone", async () => {
  await using topics = await createTestTopics({ events: 1 });
  const topic = topics.names.events!;
  const producer = createEventProducer({ kafka, log });
  const send = (eventId: string, value: string) =>
    producer.send({ topic, key: null, channel: "*", eventId, value }).then(
      () => "sent",
      (error: unknown) => (error instanceof RecordTooLargeError ? "too large" : String(error)),
    );
  const ends = await Promise.all([
    ...Array.from({ length: 600 }, (_, i) => send(`small-${i}`, "x".repeat(4_000))),
    send("largest", "x".repeat(RECORD_BYTES_MAX - 200)),
    send("too large", "x".repeat(RECORD_BYTES_MAX)),
    send("last", "x"),
  ]);
  expect(ends).toEqual([...Array.from({ length: 601 }, () => "sent"), "too large", "sent"]);

  const ids: string[] = [];
  const consumer = await consumeEvents({
    kafka,
    log,
    name: "producer-test",
    topics: [topic],
    startOffset: () => "earliest",
    onBatch: async ({ records }) => void ids.push(...records.map(({ headers }) => String(headers!["event-id"]))),
  });
  await eventually(() => expect(ids.at(-1)).toBe("last"), { deadlineMs: 60_000 });
  expect(ids).toEqual([...Array.from({ length: 600 }, (_, i) => `small-${i}`), "largest", "last"]);
  await consumer.stop();
  await producer.stop();
});
