import { randomUUID } from "node:crypto";
import { createLogger } from "@mib/service/log";
import { eventually } from "@mib/testkit/eventually";
import { afterAll, beforeAll, expect, test } from "vitest";
import { consumeEvents, type EventConsumer, type RecordBatch, type StartOffset } from "./consumer.ts";
import { createKafka, type KafkaClient } from "./kafka.ts";
import { createEventProducer, type EventProducer } from "./producer.ts";
import { provision } from "./provision.ts";

const log = createLogger("test");
const topic = `test.${randomUUID()}`;
let kafka: KafkaClient;
let producer: EventProducer;
const open: EventConsumer[] = [];

beforeAll(async () => {
  kafka = createKafka({ KAFKA_BROKERS: process.env.TEST_KAFKA_BROKERS!.split(",") }, "test");
  await provision({
    kafka,
    replicationFactor: 1,
    topics: [
      {
        name: topic,
        position: "SEQUENCE",
        delivery: "EVERY",
        partitions: 2,
        retentionBytes: 1,
        retentionMs: 60_000,
        window: null,
      },
    ],
  });
  producer = createEventProducer({ kafka, log });
});
afterAll(async () => {
  await Promise.all(open.map((consumer) => consumer.stop()));
  await producer.stop();
  const admin = kafka.admin();
  await admin.deleteTopics({ topics: [topic, `${topic}.dlq`] });
  await admin.disconnect();
});

const send = (values: string[]) =>
  Promise.all(values.map((value) => producer.send({ topic, key: "k", channel: "c", eventId: value, value })));
const valuesOf = (batch: RecordBatch) => batch.records.map(({ value }) => value!.toString());

async function consume(
  startOffset: StartOffset | ((partition: number) => bigint),
  onBatch: (batch: RecordBatch) => Promise<void>,
): Promise<EventConsumer> {
  const consumer = await consumeEvents({
    kafka,
    log,
    name: "test",
    topics: [topic],
    startOffset: (_, partition) => (typeof startOffset === "function" ? startOffset(partition) : startOffset),
    onBatch,
  });
  open.push(consumer);
  await eventually(() => expect(consumer.connected()).toBe(true), { deadlineMs: 20_000 });
  return consumer;
}

test("a consumer goes on from the caller's offset, and a batch that failed is handed over again until it succeeds", async () => {
  await send(["a", "b", "c"]);
  const seen: string[] = [];
  const positions = new Map<number, bigint>();
  let failures = 2;
  const first = await consume("earliest", async (batch) => {
    if (failures-- > 0) throw new Error("not now");
    seen.push(...valuesOf(batch));
    positions.set(batch.partition, batch.nextOffset);
  });
  await eventually(() => expect(seen).toEqual(["a", "b", "c"]), { deadlineMs: 20_000 });
  expect([...first.lag().values()]).toEqual([0n]);
  await first.stop();

  await send(["d"]);
  const later: string[] = [];
  const second = await consume(
    (partition) => positions.get(partition) ?? 0n,
    async (batch) => void later.push(...valuesOf(batch)),
  );
  await eventually(() => expect(later).toEqual(["d"]), { deadlineMs: 20_000 });

  // Back to an earlier offset, on the running consumer.
  const partition = [...positions.keys()][0]!;
  second.seek(topic, partition, 1n);
  await eventually(() => expect(later).toEqual(["d", "b", "c", "d"]), { deadlineMs: 20_000 });
});

test("a seek back to where the batch began, made while the batch is handled, reads it again", async () => {
  await send(["s1", "s2"]);
  const seen: string[][] = [];
  const consumer = consume("earliest", async (batch) => {
    seen.push(valuesOf(batch));
    if (seen.length === 1) (await consumer).seek(topic, batch.partition, BigInt(batch.records[0]!.offset));
  });
  await eventually(() => expect(seen.slice(0, 2)).toEqual([seen[0], seen[0]]), { deadlineMs: 20_000 });
});

test("a paused topic delivers nothing until it is resumed", async () => {
  const seen: string[] = [];
  const consumer = await consume("latest", async (batch) => void seen.push(...valuesOf(batch)));
  consumer.pause(topic);
  await send(["p1"]);
  const other: string[] = [];
  await consume("earliest", async (batch) => void other.push(...valuesOf(batch)));
  await eventually(() => expect(other).toContain("p1"), { deadlineMs: 20_000 });
  expect(seen).toEqual([]);
  consumer.resume(topic);
  await eventually(() => expect(seen).toEqual(["p1"]), { deadlineMs: 20_000 });
});

test("an offset that Kafka does not have yet means that it lost records: the partition is read from its start", async () => {
  const seen: string[] = [];
  await consume(
    () => 1_000_000n,
    async (batch) => void seen.push(...valuesOf(batch)),
  );
  await eventually(() => expect(seen.slice(0, 3)).toEqual(["a", "b", "c"]), { deadlineMs: 20_000 });
});

test("the same while it reads, as when a topic is made anew", async () => {
  const batches: RecordBatch[] = [];
  const consumer = await consume("latest", async (batch) => void batches.push(batch));
  for (const partition of [0, 1]) consumer.seek(topic, partition, 1_000_000n);
  await eventually(() => expect(batches.flatMap(valuesOf).slice(0, 3)).toEqual(["a", "b", "c"]), {
    deadlineMs: 20_000,
  });
  expect(batches[0]).toMatchObject({ position: 0n, missedBefore: 0n });
});

test("records that retention took are counted as missed", async () => {
  const admin = kafka.admin();
  await admin.connect();
  const { partition } = (await admin.fetchTopicOffsets(topic)).find(({ high }) => high !== "0")!;
  await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: "2" }] });
  await admin.disconnect();
  const missed: bigint[] = [];
  await consume(
    () => 0n,
    async (batch) => void missed.push(batch.missedBefore),
  );
  await eventually(() => expect(missed).toEqual([2n]), { deadlineMs: 20_000 });
});

test("events sent one after another, each when the last was acknowledged, all arrive", async () => {
  const eager = createEventProducer({ kafka, log, lingerMs: 0 });
  for (let index = 0; index < 20; index += 1)
    await eager.send({ topic, key: "k", channel: "c", eventId: `eager-${index}`, value: "{}" });
  await eager.stop();
});

test("sending to a topic that is missing fails instead of waiting for ever, and the producer works on", async () => {
  const impatient = createEventProducer({ kafka, log, sendTimeoutMs: 2_000 });
  await expect(
    impatient.send({ topic: `missing.${randomUUID()}`, key: null, channel: "c", eventId: "x", value: "{}" }),
  ).rejects.toThrow();
  await impatient.send({ topic, key: "k", channel: "c", eventId: "y", value: "after" });
  await impatient.stop();
});

test("a consumer that is stopped before it reads ends", async () => {
  const asked = Promise.withResolvers<void>();
  const known = Promise.withResolvers<StartOffset>();
  const early = await consumeEvents({
    kafka,
    log,
    name: "test",
    topics: [topic],
    startOffset: () => {
      asked.resolve();
      return known.promise;
    },
    onBatch: async () => {},
  });
  await asked.promise;
  const stopped = early.stop();
  known.resolve("latest");
  await stopped;
  expect(early.connected()).toBe(false);
});
