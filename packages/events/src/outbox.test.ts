import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createLogger } from "@mib/service/log";
import { createService, type Service } from "@mib/service/run";
import { eventually } from "@mib/testkit/eventually";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { consumeEvents, type EventConsumer } from "./consumer.ts";
import { Deduplicator } from "./deduplicator.ts";
import { readEpochs } from "./epochs.ts";
import { decodeEvent } from "./event.ts";
import { createKafka, type KafkaClient } from "./kafka.ts";
import { enqueueEvents, OUTBOX_SQL, type OutboxEvent, startOutboxPublisher } from "./outbox.ts";
import { createEventProducer } from "./producer.ts";
import { provision } from "./provision.ts";

const databaseUrl = process.env.TEST_DATABASE_URL!;
const schema = `outbox_test_${randomUUID().replaceAll("-", "")}`;
const log = createLogger("test");
let kafka: KafkaClient;
let pool: pg.Pool;
let consumer: EventConsumer;
const sent: { eventId: string; value: string }[] = [];
const services: Service[] = [];

beforeAll(async () => {
  kafka = createKafka({ KAFKA_BROKERS: process.env.TEST_KAFKA_BROKERS!.split(",") }, "test");
  await provision({ kafka, replicationFactor: 1 });
  pool = new pg.Pool({ connectionString: databaseUrl, options: `-c search_path=${schema}` });
  await pool.query(`CREATE SCHEMA ${schema}`);
  await pool.query(OUTBOX_SQL);
  const epochs = await readEpochs(kafka);
  consumer = await consumeEvents({
    kafka,
    log,
    name: "test",
    topics: ["notifications.v1"],
    startOffset: () => "latest",
    onBatch: async ({ topic, partition, records }) => {
      for (const record of records) {
        const event = decodeEvent(topic, partition, record, epochs);
        if (event.channel === schema) sent.push({ eventId: event.eventId!, value: event.value });
      }
    },
  });
  await eventually(() => expect(consumer.connected()).toBe(true), { deadlineMs: 20_000 });
});
afterEach(async () => {
  for (const service of services.splice(0)) await service.shutdown("test");
  sent.length = 0;
});
afterAll(async () => {
  await consumer?.stop();
  await pool.query(`DROP SCHEMA ${schema} CASCADE`);
  await pool.end();
});

const event = (eventId: string): OutboxEvent => ({
  topic: "notifications.v1",
  key: schema,
  channel: schema,
  eventId,
  value: { id: eventId },
});

async function inTransaction(
  work: (client: pg.PoolClient) => Promise<void>,
  end: "COMMIT" | "ROLLBACK" = "COMMIT",
): Promise<void> {
  const client = await pool.connect();
  await client.query("BEGIN");
  await work(client);
  await client.query(end);
  client.release();
}

function publish(): void {
  const service = createService("test");
  services.push(service);
  const producer = createEventProducer({ kafka, log });
  service.onShutdown("producer", () => producer.stop());
  startOutboxPublisher(service, { databaseUrl, schema, producer });
}

test("what a transaction announced is sent in order when it commits, and not when it does not", async () => {
  publish();
  publish(); // a second process waits for its turn
  await inTransaction((client) => enqueueEvents(client, [event("no")]), "ROLLBACK");
  for (let i = 0; i < 10; i++) await inTransaction((client) => enqueueEvents(client, [event(`${i}a`), event(`${i}b`)]));
  const expected = Array.from({ length: 10 }, (_, i) => [`${i}a`, `${i}b`]).flat();
  await eventually(() => expect(sent.map(({ eventId }) => eventId)).toEqual(expected), { deadlineMs: 20_000 });
  await eventually(async () => expect((await pool.query("SELECT FROM outbox")).rowCount).toBe(0), {
    deadlineMs: 20_000,
  });
});

test("an event that Kafka never takes is put aside, and those behind it are sent", async () => {
  publish();
  const tooLarge = { ...event("large"), value: { id: "large", text: "x".repeat(1_100_000) } };
  await inTransaction((client) => enqueueEvents(client, [event("1"), tooLarge, event("2")]));
  await eventually(() => expect(sent.map(({ eventId }) => eventId)).toEqual(["1", "2"]), { deadlineMs: 20_000 });
  await eventually(async () => expect((await pool.query("SELECT FROM outbox")).rowCount).toBe(0), {
    deadlineMs: 20_000,
  });
});

test("another process goes on when the one that publishes dies", async () => {
  publish();
  publish();
  await inTransaction((client) => enqueueEvents(client, [event("before")]));
  await eventually(() => expect(sent.length).toBe(1), { deadlineMs: 20_000 });
  await services.shift()!.shutdown("test");
  await inTransaction((client) => enqueueEvents(client, [event("after")]));
  await eventually(() => expect(sent.map(({ eventId }) => eventId)).toEqual(["before", "after"]), {
    deadlineMs: 20_000,
  });
});

test("a process that is killed between sending and noting it sends the same event ids again, and consumers drop them", async () => {
  await inTransaction((client) => enqueueEvents(client, [event("k1"), event("k2")]));
  // The publisher of this process can send, but its DELETE waits for a lock that we hold: there it is killed.
  const holder = await pool.connect();
  await holder.query("BEGIN");
  await holder.query("SELECT FROM outbox FOR UPDATE");
  const child = spawn(
    process.execPath,
    [
      "--input-type=module",
      "--eval",
      `
    import { createService } from "@mib/service/run";
    import { createKafka } from "@mib/events/kafka";
    import { createEventProducer } from "@mib/events/producer";
    import { startOutboxPublisher } from "@mib/events/outbox";
    const service = createService("victim");
    const kafka = createKafka({ KAFKA_BROKERS: process.env.TEST_KAFKA_BROKERS.split(",") }, "victim");
    startOutboxPublisher(service, { databaseUrl: process.env.TEST_DATABASE_URL, schema: ${JSON.stringify(schema)}, producer: createEventProducer({ kafka, log: service.log }) });
  `,
    ],
    { stdio: "ignore" },
  );
  await eventually(() => expect(sent.length).toBe(2), { deadlineMs: 20_000 });
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("exit", resolve));
  // The server would still carry out the DELETE that it has received: the kill came before it was sent.
  await pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim-outbox'");
  await holder.query("ROLLBACK");
  holder.release();
  expect((await pool.query("SELECT FROM outbox")).rowCount).toBe(2);

  publish();
  await eventually(() => expect(sent.length).toBe(4), { deadlineMs: 30_000 });
  const deduplicator = new Deduplicator();
  const kept = sent.filter(({ eventId }, offset) =>
    deduplicator.accept({
      topic: "notifications.v1",
      channel: schema,
      position: { epoch: "e", id: `${offset}-1` },
      eventId,
    }),
  );
  expect(kept.map(({ eventId }) => eventId)).toEqual(["k1", "k2"]);
});
