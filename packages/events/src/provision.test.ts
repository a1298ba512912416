import { randomUUID } from "node:crypto";
import { eventually } from "@mib/testkit/eventually";
import kafkajs from "kafkajs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readEpochs } from "./epochs.ts";
import { createKafka } from "./kafka.ts";
import { provision } from "./provision.ts";
import type { Topic } from "./topics.ts";

const kafka = createKafka({ KAFKA_BROKERS: process.env.TEST_KAFKA_BROKERS!.split(",") }, "test");
const admin = kafka.admin();
const topic: Topic = {
  name: `test.${randomUUID()}`,
  position: "OFFSET",
  delivery: "EVERY",
  partitions: 2,
  retentionBytes: 64 * 1_048_576,
  retentionMs: 60_000,
  window: null,
};

beforeAll(() => admin.connect());
afterAll(async () => {
  await admin.deleteTopics({ topics: [topic.name, `${topic.name}.dlq`] });
  await admin.disconnect();
});

async function run(more: Partial<Topic> = {}): Promise<string[]> {
  const lines: string[] = [];
  await provision({ kafka, replicationFactor: 1, topics: [{ ...topic, ...more }], report: (line) => lines.push(line) });
  return lines;
}

test("a topic is made with its dead letters and an epoch, and the second run changes nothing", async () => {
  const lines = await run();
  expect(lines).toEqual(
    expect.arrayContaining([
      `created ${topic.name} with 2 partition(s)`,
      `created ${topic.name}.dlq with 1 partition(s)`,
    ]),
  );
  const epoch = (await readEpochs(kafka)).get(topic.name);
  expect(epoch).toMatch(/^[0-9a-f-]{36}$/);
  expect(await run()).toEqual([]);
  expect((await readEpochs(kafka)).get(topic.name)).toBe(epoch);
});

test("retention follows the registry, and another partition count is refused", async () => {
  expect(await run({ retentionMs: 120_000 })).toEqual([`set the retention of ${topic.name}`]);
  await expect(run({ partitions: 3 })).rejects.toThrow(`${topic.name} has 2, not 3`);
});

test("a topic that keeps the last record of each key is compacted, and its retention deletes nothing", async () => {
  const compacted = { ...topic, name: `${topic.name}.compacted`, isCompacted: true };
  const lines: string[] = [];
  const again = () =>
    provision({ kafka, replicationFactor: 1, topics: [compacted], report: (line) => lines.push(line) });
  await again();
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: compacted.name }],
  });
  const valueOf = (name: string) =>
    resources[0]!.configEntries.find(({ configName }) => configName === name)?.configValue;
  // A segment that is being written is not compacted: it is an eighth of what a partition is meant to have.
  expect([valueOf("cleanup.policy"), valueOf("segment.bytes")]).toEqual(["compact", String(4 * 1_048_576)]);
  lines.length = 0;
  await again();
  expect(lines).toEqual([]);
  await admin.deleteTopics({ topics: [compacted.name, `${compacted.name}.dlq`] });
});

test("a topic that was deleted and made again has a new epoch", async () => {
  const before = (await readEpochs(kafka)).get(topic.name);
  await admin.deleteTopics({ topics: [topic.name] });
  await eventually(async () => expect(await admin.listTopics()).not.toContain(topic.name), { deadlineMs: 20_000 });
  await run();
  expect((await readEpochs(kafka)).get(topic.name)).not.toBe(before);
});
