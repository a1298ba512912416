import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createKafka } from "@mib/events/kafka";
import { provision } from "@mib/events/provision";
import { rangesOf, scanTopic } from "@mib/events/scan-topic";
import { deadLetterTopic } from "@mib/events/topics";
import { createService } from "@mib/service/run";
import { eventually } from "@mib/testkit/eventually";
import { createTestTopics, servers, type TestTopics } from "@mib/testkit/servers";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createFeedMetrics } from "../feed-metrics.ts";
import type { Speed } from "../replay/pace.ts";
import { ItemsFeed } from "./items-feed.ts";

const folder = mkdtempSync(join(tmpdir(), "mib-items-"));
const settings = { KAFKA_BROKERS: servers.kafkaBrokers };
const { log } = createService("items-test");
const kafka = createKafka(settings, "items-test", log);

const line = (kind: string, item: unknown) => JSON.stringify({ kind, item });
const sensor = {
  source: "pipeline",
  metric: "flow",
  name: "Flow",
  kind: "FLOW",
  unit: "m3/s",
  instruments: [{ symbol: "NG" }],
};
const reading = (second: number, rest: object = {}) => ({
  source: "pipeline",
  metric: "flow",
  value: String(second),
  at: `2026-03-04T14:30:0${second}Z`,
  ...rest,
});

let topics: TestTopics;
let readings: string;

beforeAll(() => provision({ kafka, replicationFactor: 1 }));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  topics = await createTestTopics({ definitions: 1, answers: 1, readings: 1 });
  readings = topics.names.readings!;
  const admin = kafka.admin();
  await admin.connect();
  const dead = deadLetterTopic(readings);
  await admin.createTopics({ waitForLeaders: false, topics: [{ topic: dead, numPartitions: 1 }] });
  await eventually(() => admin.fetchTopicMetadata({ topics: [dead] }), { deadlineMs: 30_000 });
  await admin.disconnect();
});
afterEach(() => topics.drop());

function tell(lines: readonly string[], { speed = "max", from = null }: { speed?: Speed; from?: string | null } = {}) {
  const file = join(folder, "items.jsonl.gz");
  writeFileSync(file, gzipSync(lines.join("\n")));
  const own = { definitions: topics.names.definitions!, answers: topics.names.answers! };
  const feed = new ItemsFeed({
    file,
    speed,
    fromNanos: from === null ? null : BigInt(Date.parse(from)) * 1_000_000n,
    kafka: settings,
    topics: own,
    topicOf: (kind) => (kind === "sensors" ? own.definitions : readings),
  });
  const service = createService("items-test");
  const stop = new AbortController();
  const metrics = createFeedMetrics(service.registry);
  const running = feed.run({ log, metrics, signal: stop.signal } as Parameters<ItemsFeed["run"]>[0]);
  return { running, stop: () => stop.abort() };
}

async function valuesOf(topic: string): Promise<any[]> {
  const values: unknown[] = [];
  const take = ({ value }: { value: Buffer | null }) => void values.push(JSON.parse(String(value)));
  await scanTopic({ kafka, log, topic, ranges: await rangesOf(kafka, topic), take });
  return values;
}

test("a file is told in its order, bound to the sensors that it defines; what is not as it must be is put aside", async () => {
  await tell([
    line("sensors", sensor),
    line("readings", reading(1)),
    "no JSON",
    line("weather", {}),
    `{"kind":"posts","item":{"text":${"[".repeat(200_000)}${"]".repeat(200_000)}}}`,
    "",
    line("readings", reading(2, { value: "much" })),
    line("readings", reading(3)),
  ]).running;
  expect((await valuesOf(readings)).map(({ value, instruments }) => [value, instruments])).toEqual([
    ["1", [{ symbol: "NG" }]],
    ["3", [{ symbol: "NG" }]],
  ]);
  expect((await valuesOf(deadLetterTopic(readings))).map(({ value }) => value)).toEqual(["much"]);
  expect(await valuesOf(topics.names.definitions!)).toHaveLength(1);
});

test("a file that is told again gives the same ids", async () => {
  const lines = [line("sensors", sensor), line("readings", reading(1)), line("readings", reading(2))];
  await tell(lines).running;
  await tell(lines).running;
  const ids = (await valuesOf(readings)).map(({ id }) => id);
  expect([ids.length, new Set(ids).size]).toEqual([4, 2]);
});

test("the pace is the file's own from a time on: what was before is told at once, what is to come waits", async () => {
  const far = { ...reading(3), at: "2026-03-04T20:30:00Z" };
  const told = tell([line("sensors", sensor), ...[reading(1), reading(2), far].map((item) => line("readings", item))], {
    speed: 1,
    from: "2026-03-04T14:30:02Z",
  });
  await eventually(async () => expect((await valuesOf(readings)).map(({ value }) => value)).toEqual(["1", "2"]), {
    deadlineMs: 60_000,
  });
  told.stop();
  await expect(told.running).rejects.toThrow();
  expect(await valuesOf(readings)).toHaveLength(2);
});
