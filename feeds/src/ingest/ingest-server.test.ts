import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { createKafka, type KafkaClient } from "@mib/events/kafka";
import { createEventProducer, type EventProducer, RecordTooLargeError } from "@mib/events/producer";
import { provision } from "@mib/events/provision";
import { rangesOf, type ScanOptions, scanTopic } from "@mib/events/scan-topic";
import { deadLetterTopic } from "@mib/events/topics";
import { createLogger } from "@mib/service/log";
import { eventually } from "@mib/testkit/eventually";
import { createTestTopics, servers } from "@mib/testkit/servers";
import { afterAll, describe, expect, test } from "vitest";
import { IngestKeys } from "./ingest-keys.ts";
import { followMemory, IngestMemory } from "./ingest-memory.ts";
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
      { name: "wire", sha256: sha256("secret-1"), scopes: ["news", "posts", "readings", "sensors"] },
      { name: "meter", sha256: sha256("secret-2"), scopes: ["readings"] },
    ],
  }),
);

const article = { title: "Rates rise", source: "Wire", publishedAt: "2026-03-04T14:30:00Z", instruments: [] };
const post = { source: "forum", text: "to the moon", at: "2026-03-04T14:30:00Z", instruments: [{ symbol: "BTCUSDT" }] };
const sensor = {
  source: "pipeline-7",
  metric: "flow",
  name: "Flow at the border",
  kind: "FLOW",
  unit: "m3/s",
  instruments: [{ symbol: "NG" }],
};
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

/** As if it had been read: the sensor is defined. */
function wholeMemory(): IngestMemory {
  const memory = new IngestMemory();
  memory.sensors.define("pipeline-7/flow", { unit: "m3/s", symbols: ["NG"], definedAt: "2026-03-01T00:00:00Z" });
  memory.isWhole = true;
  return memory;
}

async function listening({
  memory = wholeMemory(),
  ...options
}: Pick<IngestServerOptions, "producer"> & Partial<IngestServerOptions>) {
  const ingest = new IngestServer({ keys: IngestKeys.read(keysFile), log, memory, ...options });
  const server = await ingest.listen({ host: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ingest,
    url,
    async post(path: string, body: unknown, headers: Record<string, string> = {}, method = "POST") {
      const isRaw = typeof body === "string" || body instanceof Uint8Array;
      const response = await fetch(`${url}${path}`, {
        method,
        ...(method === "POST" ? { body: isRaw ? (body as BodyInit) : JSON.stringify(body) } : {}),
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

async function createTopic(kafka: KafkaClient, topic: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  // To wait for leaders is to ask once, and to fail where the broker does not know the topic yet.
  await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: 1 }] });
  await eventually(() => admin.fetchTopicMetadata({ topics: [topic] }), { deadlineMs: 30_000 });
  await admin.disconnect();
}

test("what Kafka has is accepted, and what does not fit is in the dead letters with its reason", async () => {
  await using topics = await createTestTopics({ readings: 1 });
  const topic = topics.names.readings!;
  const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "ingest-test", log);
  await createTopic(kafka, deadLetterTopic(topic));
  const producer = createEventProducer({ kafka, log });
  await using server = await listening({ producer, topicOf: () => topic });
  const bad = { ...reading, value: "much" };
  expect(await server.post("/v1/readings", [reading, bad, 7])).toMatchObject({
    status: 200,
    answer: {
      accepted: 1,
      rejected: [
        { index: 1, code: "ITEM_INVALID", reason: expect.stringContaining("/value") },
        { index: 2, code: "ITEM_INVALID", reason: expect.any(String) },
      ],
    },
  });

  const records: { topic: string; value: any; headers: Record<string, string> }[] = [];
  for (const from of [topic, deadLetterTopic(topic)]) {
    const take: ScanOptions["take"] = ({ value, headers }) => {
      const texts = Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)]);
      records.push({ topic: from, value: JSON.parse(String(value)), headers: Object.fromEntries(texts) });
    };
    await scanTopic({ kafka, log, topic: from, ranges: await rangesOf(kafka, from), take });
  }
  expect(records).toHaveLength(3);
  const [taken] = records.filter((record) => record.topic === topic);
  expect(taken!.value).toEqual({
    ...reading,
    id: expect.stringMatching(/^[0-9a-f]{32}$/),
    sensor: { id: "pipeline-7/flow" },
    instruments: [{ symbol: "NG" }],
  });
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
    ["/v1/readings", { ...reading, value: "13", unit: null }],
    ["/v1/sensors", { ...sensor, metric: "pressure" }],
  ] as const)
    expect((await server.post(path, item)).answer).toEqual({ accepted: 1, rejected: [] });
  expect(sent.map(({ topic, key }) => [topic, key])).toEqual([
    ["news.articles.v1", null],
    ["social.posts.v1", "forum"],
    ["social.posts.v1", "forum"],
    ["social.posts.v1", "forum"],
    ["sensor.readings.v1", "pipeline-7"],
    ["sensor.readings.v1", "pipeline-7"],
    ["sensor.definitions.v1", "pipeline-7/pressure"],
  ]);
  expect(sent[5]!.value).toMatchObject({ unit: "m3/s", sensor: { id: "pipeline-7/flow" } });
  const ids = sent.map(({ value }) => value.id);
  expect([ids[2] === ids[3], ids[4] === ids[5], new Set(ids).size]).toEqual([true, true, 5]);
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

  test.each([
    ["is no gzip", "gzip", Buffer.from(JSON.stringify(reading)), 400, "BAD_REQUEST"],
    ["is cut off", "gzip", gzipSync(JSON.stringify(reading)).subarray(0, 40), 400, "BAD_REQUEST"],
    ["unpacks to more than a body may be", "gzip", gzipSync(" ".repeat(64 << 20)), 413, "REQUEST_TOO_LARGE"],
    ["is packed in another way", "br", brotliCompressSync(JSON.stringify(reading)), 415, "UNSUPPORTED_MEDIA_TYPE"],
    ["is no UTF-8", "identity", Buffer.from([0x22, 0xff, 0x22]), 400, "BAD_REQUEST"],
  ])("whose body %s", async (_, encoding, body, status, code) => {
    const { producer, sent } = keeper();
    await using server = await listening({ producer });
    const answered = await server.post("/v1/readings", body, { "content-encoding": encoding });
    expect([answered.status, answered.answer.errors[0].extensions.code]).toEqual([status, code]);
    expect(sent).toEqual([]);
    // What it took is given back.
    expect((await server.post("/v1/readings", reading)).status).toBe(200);
  });

  test("that has an empty key for repeats: it would be everybody's", async () => {
    await using server = await listening(keeper());
    expect((await server.post("/v1/readings", reading, { "idempotency-key": "" })).status).toBe(400);
  });

  test("while what was kept is still being read", async () => {
    await using server = await listening({ ...keeper(), memory: new IngestMemory() });
    expect(await server.post("/v1/readings", reading)).toMatchObject({
      status: 503,
      answer: { errors: [{ extensions: { code: "SERVICE_UNAVAILABLE" } }] },
    });
  });

  test("that is no POST", async () => {
    await using server = await listening(keeper());
    expect((await server.post("/v1/news", null, {}, "GET")).status).toBe(405);
  });
});

describe("an item is refused, with its code, and its neighbours are taken:", () => {
  const soon = new Date(Date.now() + 3_600_000).toISOString();
  test.each([
    [
      "a field that is not known",
      "/v1/readings",
      { ...reading, event_time: "2026-03-04" },
      "ITEM_INVALID",
      "/event_time",
    ],
    [
      "a reading that names instruments",
      "/v1/readings",
      { ...reading, instruments: [] },
      "ITEM_INVALID",
      "/instruments",
    ],
    ["a reading that names its sensor", "/v1/readings", { ...reading, sensor: { id: "x" } }, "ITEM_INVALID", "/sensor"],
    ["a topic of its own", "/v1/posts", { ...post, topic: "market.trades.v1" }, "ITEM_INVALID", "/topic"],
    [
      "an instrument with more than a symbol",
      "/v1/posts",
      { ...post, instruments: [{ symbol: "A", name: "B" }] },
      "ITEM_INVALID",
      "/instruments/0/name",
    ],
    ["no instruments", "/v1/posts", { ...post, instruments: undefined }, "ITEM_INVALID", "instruments"],
    ["a value that is a number", "/v1/readings", { ...reading, value: 12.5 }, "ITEM_INVALID", "/value"],
    ["a value of too many digits", "/v1/readings", { ...reading, value: "1".repeat(65) }, "ITEM_INVALID", "/value"],
    ["a text that is too long", "/v1/posts", { ...post, text: "x".repeat(40_001) }, "ITEM_INVALID", "/text"],
    ["a text that nobody can store", "/v1/posts", { ...post, text: "a\u0000b" }, "ITEM_INVALID", "/text"],
    ["half a character", "/v1/posts", { ...post, text: "\ud83d" }, "ITEM_INVALID", "/text"],
    ["the code of a problem", "/v1/readings", { ...reading, code: "X", reason: "Y" }, "ITEM_INVALID", "/code"],
    ["31 February", "/v1/readings", { ...reading, at: "2026-02-31T00:00:00Z" }, "ITEM_TIME_INVALID", "at is a day"],
    ["a 25th hour", "/v1/readings", { ...reading, at: "2026-02-01T25:00:00Z" }, "ITEM_TIME_INVALID", "at is a day"],
    ["a time without its zone", "/v1/readings", { ...reading, at: "2026-02-01T00:00:00" }, "ITEM_TIME_INVALID", "zone"],
    [
      "a zone that there is not",
      "/v1/posts",
      { ...post, at: "2026-02-01T00:00:00+99:00" },
      "ITEM_TIME_INVALID",
      "zone",
    ],
    ["seconds since 1970", "/v1/readings", { ...reading, at: 1_772_634_600 }, "ITEM_TIME_INVALID", "RFC 3339"],
    ["no time", "/v1/posts", { ...post, at: undefined }, "ITEM_TIME_INVALID", "RFC 3339"],
    ["the year 0", "/v1/readings", { ...reading, at: "0000-01-01T00:00:00Z" }, "ITEM_TIME_INVALID", "before 1970"],
    ["the future", "/v1/news", { ...article, publishedAt: soon }, "ITEM_TIME_INVALID", "publishedAt is in the future"],
    [
      "a sensor that nobody defined",
      "/v1/readings",
      { ...reading, metric: "heat" },
      "SENSOR_UNKNOWN",
      "pipeline-7/heat",
    ],
    ["another unit", "/v1/readings", { ...reading, unit: "bcf/d" }, "SENSOR_UNIT_DIFFERS", "m3/s"],
    ["a sensor whose metric has a slash", "/v1/sensors", { ...sensor, metric: "a/b" }, "ITEM_INVALID", "/metric"],
    ["a sensor of no kind", "/v1/sensors", { ...sensor, kind: "MOOD" }, "ITEM_INVALID", "/kind"],
    ["a sensor without a unit", "/v1/sensors", { ...sensor, unit: " " }, "ITEM_INVALID", "/unit"],
    [
      "a sensor that was defined in 1999",
      "/v1/sensors",
      { ...sensor, definedAt: "1999" },
      "ITEM_INVALID",
      "/definedAt",
    ],
  ])("%s", async (_, path, item, code, reason) => {
    const { producer, sent } = keeper();
    await using server = await listening({ producer });
    const good = { "/v1/news": article, "/v1/posts": post, "/v1/readings": reading, "/v1/sensors": sensor }[path];
    const { status, answer } = await server.post(path, [item, good]);
    expect([status, answer]).toEqual([
      200,
      { accepted: 1, rejected: [{ index: 0, code, reason: expect.stringContaining(reason) }] },
    ]);
    expect(sent.map((each) => each.reason !== null)).toEqual([true, false]);
    expect(sent[0]!.reason).toBe(answer.rejected[0].reason);
  });

  test("a time is told in one way, wherever it came from", async () => {
    const { producer, sent } = keeper();
    await using server = await listening({ producer });
    const times = ["2026-03-04T14:30:00.500Z", "2026-03-04T15:30:00.5+01:00", "2026-03-04t14:30:00.5z"];
    await server.post(
      "/v1/readings",
      times.map((at) => ({ ...reading, at })),
    );
    expect(new Set(sent.map(({ value }) => `${value.at} ${value.id}`)).size).toBe(1);
    expect(sent[0]!.value.at).toBe("2026-03-04T14:30:00.5Z");
  });

  const DEFINED = { unit: "1", symbols: [], definedAt: "2026-03-01T00:00:00Z" };

  test("one sensor more than there may be, also within a request; what was taken in stays", async () => {
    const memory = wholeMemory();
    for (let n = 1; n < 9_998; n++) memory.sensors.define(`s/${n}`, DEFINED);
    const { producer } = keeper();
    await using server = await listening({ producer, memory });
    const given = ["a", "b", "a", "c"].map((metric) => ({ ...sensor, metric }));
    expect((await server.post("/v1/sensors", [...given, sensor])).answer).toMatchObject({
      accepted: 4,
      rejected: [{ index: 3, code: "TOO_MANY_SENSORS" }],
    });
    expect(memory.sensors.size).toBe(10_000);
    // Two processes may take in one more than there may be; both know it then, and so does the next.
    memory.sensors.define("s/beyond", DEFINED);
    expect(memory.sensors.find("s/beyond")).not.toBeNull();
  });

  test("one sensor more than there may be, when they are all there", async () => {
    const memory = wholeMemory();
    for (let n = 1; n < 10_000; n++) memory.sensors.define(`s/${n}`, DEFINED);
    await using server = await listening({ ...keeper(), memory });
    expect((await server.post("/v1/sensors", { ...sensor, metric: "new" })).answer.rejected).toMatchObject([
      { code: "TOO_MANY_SENSORS" },
    ]);
    expect((await server.post("/v1/sensors", sensor)).answer.accepted).toBe(1);
  });
});

test("a body may be packed, and is the same request then", async () => {
  const { producer, sent } = keeper();
  await using server = await listening({ producer });
  const headers = { "idempotency-key": "packed" };
  const packed = gzipSync(JSON.stringify(reading));
  const first = await server.post("/v1/readings", packed, { ...headers, "content-encoding": "gzip" });
  expect(first).toMatchObject({ status: 200, answer: { accepted: 1 } });
  expect(await server.post("/v1/readings", reading, headers)).toEqual(first);
  expect(sent).toHaveLength(2);
});

test("a sensor is known once it is defined, and its last definition counts", async () => {
  const { producer, sent } = keeper();
  await using server = await listening({ producer, memory: Object.assign(new IngestMemory(), { isWhole: true }) });
  const give = async (path: string, item: object) => (await server.post(path, item)).answer.accepted;
  expect(await give("/v1/readings", reading)).toBe(0);
  expect(await give("/v1/sensors", sensor)).toBe(1);
  expect(await give("/v1/readings", reading)).toBe(1);
  expect(await give("/v1/sensors", { ...sensor, unit: "bcf/d", instruments: [] })).toBe(1);
  expect(await give("/v1/readings", reading)).toBe(0);
  expect(await give("/v1/readings", { ...reading, unit: "bcf/d" })).toBe(1);
  expect(sent.filter(({ reason }) => reason === null).map(({ value }) => value.instruments)).toEqual([
    [{ symbol: "NG" }],
    [{ symbol: "NG" }],
    [],
    [],
  ]);
});

test("a definition is one of its own, whatever its giver calls it", async () => {
  const { producer, sent } = keeper();
  await using server = await listening({ producer });
  for (const unit of ["m3/s", "bcf/d"])
    expect((await server.post("/v1/sensors", { ...sensor, id: "flow", unit })).answer.accepted).toBe(1);
  expect(new Set(sent.map(({ value }) => value.id)).size).toBe(2);
});

test("a definition that was acknowledged late does not replace a later one that has come meanwhile", async () => {
  const gate = Promise.withResolvers<void>();
  const { producer } = keeper(() => gate.promise);
  const memory = wholeMemory();
  await using server = await listening({ producer, memory });
  const answer = server.post("/v1/sensors", sensor);
  await eventually(() => expect(server.ingest.waiting).toBe(1));
  // As another process defined it after this one, and Kafka told it first.
  const definedAt = new Date(Date.now() + 1_000).toISOString();
  memory.sensors.define("pipeline-7/flow", { unit: "bcf/d", symbols: [], definedAt });
  gate.resolve();
  expect((await answer).answer.accepted).toBe(1);
  expect(memory.sensors.find("pipeline-7/flow")?.unit).toBe("bcf/d");
});

test("answers and sensors outlive a run, on whichever process", async () => {
  await provision({
    kafka: createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "ingest-test", log),
    replicationFactor: 1,
  });
  await using topics = await createTestTopics({ definitions: 1, answers: 1, readings: 1 });
  const kafka = createKafka({ KAFKA_BROKERS: servers.kafkaBrokers }, "ingest-test", log);
  const own = { definitions: topics.names.definitions!, answers: topics.names.answers! };
  const readings = topics.names.readings!;
  await createTopic(kafka, deadLetterTopic(readings));

  async function run() {
    const producer = createEventProducer({ kafka, log });
    const memory = new IngestMemory();
    const end = new AbortController();
    const following = followMemory({ kafka, log, memory, signal: end.signal, topics: own });
    const topicOf = (kind: string) => (kind === "sensors" ? own.definitions : readings);
    const server = await listening({ producer, memory, topicOf, answersTopic: own.answers });
    await eventually(() => expect(memory.isWhole).toBe(true), { deadlineMs: 60_000 });
    return {
      ...server,
      memory,
      async stop() {
        end.abort();
        await (await following).stop();
        await producer.stop();
        await server[Symbol.asyncDispose]();
      },
    };
  }

  const headers = { "idempotency-key": "friday" };
  const first = await run();
  const second = await run();
  expect((await first.post("/v1/sensors", sensor)).answer).toEqual({ accepted: 1, rejected: [] });
  const given = [reading, { ...reading, value: "much" }];
  const answer = await first.post("/v1/readings", given, headers);
  expect(answer.answer).toMatchObject({ accepted: 1, rejected: [{ index: 1, code: "ITEM_INVALID" }] });
  await first.stop();

  // One that ran beside it, and one that begins now.
  await eventually(() => expect(second.memory.sensors.size).toBe(1), { deadlineMs: 60_000 });
  await eventually(async () => expect(await second.post("/v1/readings", given, headers)).toEqual(answer), {
    deadlineMs: 60_000,
  });
  await second.stop();
  const third = await run();
  expect(await third.post("/v1/readings", given, headers)).toEqual(answer);
  expect((await third.post("/v1/readings", reading, headers)).status).toBe(409);
  expect((await third.post("/v1/readings", reading)).answer.accepted).toBe(1);
  await third.stop();
});

test("a run whose Kafka does not answer ends when it is told to", async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const kafka = createKafka({ KAFKA_BROKERS: [`127.0.0.1:${(silent.address() as AddressInfo).port}`] }, "ingest-test");
  const asked = once(silent, "connection");
  const end = new AbortController();
  let ended = false;
  const following = followMemory({ kafka, log, memory: new IngestMemory(), signal: end.signal });
  void following.then(({ stop }) => stop()).then(() => (ended = true));
  const [socket] = await asked;
  end.abort();
  // A question to Kafka takes 15 s until it is given up.
  await eventually(() => expect(ended).toBe(true), { deadlineMs: 5_000 });
  (socket as Socket).destroy();
  silent.close();
});

test("a repeated request gets the same answer and is done once; another body under its key is a conflict", async () => {
  const { producer, sent } = keeper();
  await using server = await listening({ producer });
  const headers = { "idempotency-key": "monday" };
  const first = await server.post("/v1/readings", [reading, 7], headers);
  expect(await server.post("/v1/readings", [reading, 7], headers)).toEqual(first);
  expect(sent.map(({ topic }) => topic)).toEqual(["sensor.readings.v1", "sensor.readings.v1.dlq", "ingest.answers.v1"]);
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
  expect(answer).toEqual({
    accepted: 1,
    rejected: [{ index: 1, code: "ITEM_TOO_LARGE", reason: "the item is too large" }],
  });
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
  expect(sent.map(({ topic }) => topic)).toEqual(["sensor.readings.v1", "ingest.answers.v1"]);
  expect(server.ingest.waiting).toBe(0);
});

test("a file of keys that is wrong says what is", () => {
  const path = join(folder, "bad.json");
  writeFileSync(path, JSON.stringify({ keys: [{ name: "x", sha256: "secret", scopes: ["news"] }] }));
  expect(() => IngestKeys.read(path)).toThrow(/must be the key's SHA-256/);
  expect(() => IngestKeys.read(join(folder, "none.json"))).toThrow(/can't be read/);
});
