import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKafka } from "@mib/events/kafka";
import { createEventProducer, type EventProducer, RecordTooLargeError } from "@mib/events/producer";
import { deadLetterTopic } from "@mib/events/topics";
import { createLogger } from "@mib/service/log";
import { eventually } from "@mib/testkit/eventually";
import { createTestTopics, servers } from "@mib/testkit/servers";
import { afterAll, describe, expect, test } from "vitest";
import { IngestKeys } from "./ingest-keys.ts";
import { IngestServer, type IngestServerOptions } from "./ingest-server.ts";

const folder = mkdtempSync(join(tmpdir(), "mib-ingest-"));
afterAll(() => rmSync(folder, { recursive: true }));
const log = createLogger("ingest-test");
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const keysFile = join(folder, "keys.json");
writeFileSync(
  keysFile,
  JSON.stringify({
    keys: [
      { name: "wire", sha256: sha256("secret-1"), scopes: ["news", "posts", "readings"] },
      { name: "meter", sha256: sha256("secret-2"), scopes: ["readings"] },
    ],
  }),
);

const article = { title: "Rates rise", source: "Wire", publishedAt: "2026-03-04T14:30:00Z", instruments: [] };
const post = { source: "forum", text: "to the moon", at: "2026-03-04T14:30:00Z", instruments: [{ symbol: "BTCUSDT" }] };
const reading = { source: "pipeline-7", metric: "flow", value: "12.5", unit: "m3/s", at: "2026-03-04T14:30:00Z" };

interface Sent {
  topic: string;
  key: string | null;
  value: any;
  reason: string | null;
}

/** A producer that keeps what it gets: for what Kafka has no part in. `end`: how a send ends. */
function keeper(end: () => Promise<void> = () => Promise.resolve()): { producer: EventProducer; sent: Sent[] } {
  const sent: Sent[] = [];
  const producer: EventProducer = {
    send: async ({ topic, key, value }) => {
      await end();
      sent.push({ topic, key, value: JSON.parse(value), reason: null });
    },
    sendRecord: async (topic, { value, headers }) => {
      await end();
      sent.push({
        topic,
        key: null,
        value: JSON.parse(String(value)),
        reason: String(headers?.["dead-letter-reason"]),
      });
    },
    stop: async () => {},
  };
  return { producer, sent };
}

async function listening(options: Pick<IngestServerOptions, "producer"> & Partial<IngestServerOptions>) {
  const ingest = new IngestServer({ keys: IngestKeys.read(keysFile), log, ...options });
  const server = await ingest.listen({ host: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ingest,
    async post(path: string, body: unknown, headers: Record<string, string> = {}, method = "POST") {
      const response = await fetch(`${url}${path}`, {
        method,
        ...(method === "POST" ? { body: typeof body === "string" ? body : JSON.stringify(body) } : {}),
        headers: { "content-type": "application/json", "x-api-key": "secret-1", ...headers },
      });
      const answer: any = await response.json();
      return { status: response.status, retryAfter: response.headers.get("retry-after"), answer };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

test("what Kafka has is accepted, and what does not fit is in the dead letters with its reason", async () => {
  await using topics = await createTestTopics({ readings: 1, "readings.dlq": 1 });
  const topic = topics.names.readings!;
  const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "ingest-test", log);
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic: deadLetterTopic(topic), numPartitions: 1 }] });
  const producer = createEventProducer({ kafka, log });
  await using server = await listening({ producer, topicOf: () => topic });
  const bad = { ...reading, value: "much" };
  expect(await server.post("/v1/readings", [reading, bad, 7])).toMatchObject({
    status: 200,
    answer: {
      accepted: 1,
      rejected: [
        { index: 1, reason: expect.stringContaining("/value") },
        { index: 2, reason: expect.any(String) },
      ],
    },
  });

  const records: { topic: string; value: any; headers: Record<string, string> }[] = [];
  const consumer = kafka.consumer({ groupId: topic });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic, deadLetterTopic(topic)], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic: from, message }) => {
      const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]);
      records.push({ topic: from, value: JSON.parse(String(message.value)), headers: Object.fromEntries(headers) });
    },
  });
  await eventually(() => expect(records).toHaveLength(3), { deadlineMs: 60_000 });
  const [taken] = records.filter((record) => record.topic === topic);
  expect(taken!.value).toEqual({ ...reading, id: expect.stringMatching(/^[0-9a-f]{32}$/) });
  expect(taken!.headers).toMatchObject({ "event-id": taken!.value.id, channel: "*", "schema-version": "1" });
  const dead = records.filter((record) => record.topic !== topic);
  expect(dead.map(({ headers }) => [headers["original-topic"], headers["given-by"]])).toEqual([
    [topic, "wire"],
    [topic, "wire"],
  ]);
  expect(dead.map(({ value }) => value)).toContain(7);
  // What it would have been sent as, so that it can be sent once its value is right.
  const [mendable] = dead.filter(({ value }) => value !== 7);
  expect(mendable!.headers).toMatchObject({ "event-id": mendable!.value.id, channel: "*", "schema-version": "1" });
  await consumer.disconnect();
  await admin.disconnect();
  await producer.stop();
});

test("each kind goes to its topic, under its source, with an id that is the same whenever it is given", async () => {
  const { producer, sent } = keeper();
  await using server = await listening({ producer });
  for (const [path, item] of [
    ["/v1/news", article],
    ["/v1/posts", post],
    ["/v1/posts", { ...post, id: "4711" }],
    ["/v1/posts", { ...post, id: "4711", text: "edited" }],
    ["/v1/readings", reading],
    ["/v1/readings", { ...reading, value: "13" }],
  ] as const)
    expect((await server.post(path, item)).answer).toEqual({ accepted: 1, rejected: [] });
  expect(sent.map(({ topic, key }) => [topic, key])).toEqual([
    ["news.articles.v1", null],
    ["social.posts.v1", "forum"],
    ["social.posts.v1", "forum"],
    ["social.posts.v1", "forum"],
    ["sensor.readings.v1", "pipeline-7"],
    ["sensor.readings.v1", "pipeline-7"],
  ]);
  const ids = sent.map(({ value }) => value.id);
  expect([ids[2] === ids[3], ids[4] === ids[5], new Set(ids).size]).toEqual([true, true, 4]);
});

describe("a request is refused", () => {
  const many = Array.from({ length: 501 }, () => reading);
  const deep = `{"text":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
  test.each([
    ["without a key", "/v1/news", article, { "x-api-key": "" }, 401, "CREDENTIAL_INVALID"],
    ["with a wrong key", "/v1/news", article, { "x-api-key": "nonsense" }, 401, "CREDENTIAL_INVALID"],
    ["with a key of another scope", "/v1/news", article, { "x-api-key": "secret-2" }, 403, "FORBIDDEN"],
    ["at a path that is none", "/v1/constructor", article, {}, 404, "NOT_FOUND"],
    ["of another media type", "/v1/news", article, { "content-type": "text/plain" }, 415, "UNSUPPORTED_MEDIA_TYPE"],
    ["that is no JSON", "/v1/news", "{", {}, 400, "BAD_REQUEST"],
    ["of an item that nests too deeply", "/v1/posts", deep, {}, 400, "BAD_REQUEST"],
    ["of too many items", "/v1/readings", many, {}, 413, "REQUEST_TOO_LARGE"],
    ["of too many bytes", "/v1/news", `"${"x".repeat(1_100_000)}"`, {}, 413, "REQUEST_TOO_LARGE"],
    [
      "with a key for repeats that is too long",
      "/v1/news",
      article,
      { "idempotency-key": "x".repeat(201) },
      400,
      "BAD_REQUEST",
    ],
  ])("%s", async (_, path, body, headers, status, code) => {
    const { producer, sent } = keeper();
    await using server = await listening({ producer });
    const { status: answered, answer } = await server.post(path, body, headers);
    expect([answered, answer.errors[0].extensions.code]).toEqual([status, code]);
    expect(sent).toEqual([]);
  });

  test("that is no POST", async () => {
    await using server = await listening(keeper());
    expect((await server.post("/v1/news", null, {}, "GET")).status).toBe(405);
  });
});

test("a repeated request gets the same answer and is done once; another body under its key is a conflict", async () => {
  const { producer, sent } = keeper();
  await using server = await listening({ producer });
  const headers = { "idempotency-key": "monday" };
  const first = await server.post("/v1/readings", [reading, 7], headers);
  expect(await server.post("/v1/readings", [reading, 7], headers)).toEqual(first);
  expect(sent).toHaveLength(2);
  expect((await server.post("/v1/readings", reading, headers)).status).toBe(409);
  // Another giver's key is another key.
  expect((await server.post("/v1/readings", reading, { ...headers, "x-api-key": "secret-2" })).status).toBe(200);
});

test("more than may wait for Kafka is refused with when to come back, and room is made by what gets through", async () => {
  const gate = Promise.withResolvers<void>();
  const { producer, sent } = keeper(() => gate.promise);
  await using server = await listening({ producer, waitingMax: 3 });
  const first = server.post("/v1/readings", [reading, reading]);
  await eventually(() => expect(server.ingest.waiting).toBe(2));
  expect(await server.post("/v1/readings", [reading, reading])).toMatchObject({
    status: 429,
    retryAfter: "1",
    answer: { errors: [{ extensions: { code: "RATE_LIMITED" } }] },
  });
  gate.resolve();
  expect((await first).status).toBe(200);
  expect((await server.post("/v1/readings", [reading, reading])).status).toBe(200);
  expect(sent).toHaveLength(4);
});

test("bodies that are more than may be held together are refused, and room is made by what gets through", async () => {
  const gate = Promise.withResolvers<void>();
  const { producer, sent } = keeper(() => gate.promise);
  await using server = await listening({ producer, heldBytesMax: 100_000 });
  const large = { ...post, text: "x".repeat(60_000) };
  const first = server.post("/v1/posts", large);
  await eventually(() => expect(server.ingest.waiting).toBe(1));
  expect(await server.post("/v1/posts", large)).toMatchObject({ status: 429, retryAfter: "1" });
  gate.resolve();
  expect((await first).status).toBe(200);
  expect((await server.post("/v1/posts", large)).status).toBe(200);
  expect(sent).toHaveLength(2);
});

test("items of a request that fails take room until Kafka has answered for each", async () => {
  const gate = Promise.withResolvers<void>();
  let sends = 0;
  const { producer } = keeper(() => (++sends === 1 ? Promise.reject(new Error("no broker")) : gate.promise));
  await using server = await listening({ producer });
  const answer = server.post("/v1/readings", [reading, reading]);
  await eventually(() => expect(sends).toBe(2));
  expect(server.ingest.waiting).toBe(2);
  gate.resolve();
  expect((await answer).status).toBe(503);
  expect(server.ingest.waiting).toBe(0);
});

test("an item that Kafka would never take is put aside, and its neighbours are accepted", async () => {
  const { producer, sent } = keeper();
  const send = producer.send;
  producer.send = (event) =>
    event.value.length > 1_000 ? Promise.reject(new RecordTooLargeError(event.topic, event.value.length)) : send(event);
  await using server = await listening({ producer });
  const { answer } = await server.post("/v1/posts", [post, { ...post, text: "x".repeat(2_000) }]);
  expect(answer).toEqual({ accepted: 1, rejected: [{ index: 1, reason: "the item is too large" }] });
  expect(sent.map(({ topic }) => topic)).toEqual(["social.posts.v1", deadLetterTopic("social.posts.v1")]);
});

test("while Kafka is away nothing is accepted, and the same request succeeds when it is back", async () => {
  let away = true;
  const { producer, sent } = keeper(() => (away ? Promise.reject(new Error("no broker")) : Promise.resolve()));
  await using server = await listening({ producer });
  const headers = { "idempotency-key": "tuesday" };
  expect(await server.post("/v1/readings", reading, headers)).toMatchObject({
    status: 503,
    answer: { errors: [{ extensions: { code: "SERVICE_UNAVAILABLE" } }] },
  });
  away = false;
  expect((await server.post("/v1/readings", reading, headers)).status).toBe(200);
  expect(sent).toHaveLength(1);
  expect(server.ingest.waiting).toBe(0);
});

test("a file of keys that is wrong says what is", () => {
  const path = join(folder, "bad.json");
  writeFileSync(path, JSON.stringify({ keys: [{ name: "x", sha256: "secret", scopes: ["news"] }] }));
  expect(() => IngestKeys.read(path)).toThrow(/must be the key's SHA-256/);
  expect(() => IngestKeys.read(join(folder, "none.json"))).toThrow(/can't be read/);
});
