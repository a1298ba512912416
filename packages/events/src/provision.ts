import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import kafkajs, { type Admin, type ITopicConfig } from "kafkajs";
import { readEpochs } from "./epochs.ts";
import type { KafkaClient } from "./kafka.ts";
import { deadLetterTopic, EPOCHS_TOPIC, type Topic, TOPICS } from "./topics.ts";

export interface ProvisionOptions {
  kafka: KafkaClient;
  /** 1 for a single broker; -1 takes the cluster's default. */
  replicationFactor: number;
  /** How many times the local profile's retention in bytes is kept. */
  retentionFactor?: number;
  topics?: readonly Topic[];
  report?(line: string): void;
}

const MIB = 1_048_576;
const DEAD_LETTER_BYTES = 16 * MIB;
const DEAD_LETTER_MS = 14 * 86_400_000;
const EPOCHS_BYTES = 8 * MIB;
const SEGMENT_MS_OF_COMPACTED = 86_400_000;
const TIMEOUT_MS = 30_000;
const KNOWN_RETRY_MS = 100;

/**
 * Makes every topic exist with its partitions and retention, its dead-letter topic, and its epoch. Changes nothing that is
 * right already, so it may run at each start and twice at once. Throws when a topic exists with another number of partitions.
 */
export async function provision({
  kafka,
  replicationFactor,
  retentionFactor = 1,
  topics = TOPICS,
  report = () => {},
}: ProvisionOptions): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const wanted = new Map<string, ITopicConfig>();
    for (const topic of topics) {
      wanted.set(
        topic.name,
        config(
          topic.name,
          topic.partitions,
          replicationFactor,
          topic.isCompacted
            ? compaction(topic.retentionBytes * retentionFactor, topic.partitions)
            : retention(topic.retentionBytes * retentionFactor, topic.retentionMs, topic.partitions),
        ),
      );
      wanted.set(
        deadLetterTopic(topic.name),
        config(deadLetterTopic(topic.name), 1, replicationFactor, retention(DEAD_LETTER_BYTES, DEAD_LETTER_MS, 1)),
      );
    }
    const existing = new Set(await admin.listTopics());
    await checkPartitions(
      admin,
      [...wanted.values()].filter(({ topic }) => existing.has(topic)),
    );
    if (!existing.has(EPOCHS_TOPIC)) {
      await create(admin, [config(EPOCHS_TOPIC, 1, replicationFactor, compaction(EPOCHS_BYTES, 1))]);
      report(`created ${EPOCHS_TOPIC}`);
    }
    // Epochs first: a topic that exists has one, whenever this is interrupted. A topic that was deleted gets a new one.
    await writeEpochs(
      kafka,
      topics.filter(({ position }) => position === "OFFSET"),
      existing,
      report,
    );

    const missing = [...wanted.values()].filter(({ topic }) => !existing.has(topic));
    if (missing.length > 0) await create(admin, missing);
    for (const { topic, numPartitions } of missing) report(`created ${topic} with ${numPartitions} partition(s)`);
    await alignRetention(
      admin,
      [...wanted.values()].filter(({ topic }) => existing.has(topic)),
      report,
    );
  } finally {
    await admin.disconnect();
  }
}

function config(
  topic: string,
  partitions: number,
  replicationFactor: number,
  entries: Record<string, string>,
): ITopicConfig {
  const configEntries = Object.entries({ "message.timestamp.type": "LogAppendTime", ...entries }).map(
    ([name, value]) => ({ name, value }),
  );
  return { topic, numPartitions: partitions, replicationFactor, configEntries };
}

/** Kafka counts bytes per partition and deletes whole segments, never the one being written: segments are an eighth of what is kept. */
function retention(bytes: number, ms: number, partitions: number): Record<string, string> {
  const { bytesPerPartition, segmentBytes } = sizesOf(bytes, partitions);
  return {
    "cleanup.policy": "delete",
    "retention.bytes": String(bytesPerPartition - segmentBytes),
    "retention.ms": String(ms),
    "segment.bytes": String(segmentBytes),
    "segment.index.bytes": String(MIB),
  };
}

/**
 * What is not the last record of its key goes once its segment is no longer written: after a day, or when it is full. So the topic
 * stays as small as its keys are few, also when much is written in a day.
 */
function compaction(bytes: number, partitions: number): Record<string, string> {
  return {
    "cleanup.policy": "compact",
    "segment.ms": String(SEGMENT_MS_OF_COMPACTED),
    "segment.bytes": String(sizesOf(bytes, partitions).segmentBytes),
  };
}

function sizesOf(bytes: number, partitions: number): { bytesPerPartition: number; segmentBytes: number } {
  const bytesPerPartition = Math.max(8 * MIB, Math.floor(bytes / partitions));
  const segmentBytes = Math.min(256 * MIB, Math.max(MIB, Math.floor(bytesPerPartition / 8)));
  return { bytesPerPartition, segmentBytes };
}

async function create(admin: Admin, topics: ITopicConfig[]): Promise<void> {
  // Returns false when another process was faster: that is as good. Asked to wait for leaders, it fails where a broker has not
  // heard of the topic yet.
  await admin.createTopics({ topics, waitForLeaders: false, timeout: TIMEOUT_MS });
  const names = topics.map(({ topic }) => topic);
  const end = performance.now() + TIMEOUT_MS;
  for (;;) {
    try {
      await admin.fetchTopicMetadata({ topics: names });
      return;
    } catch (error) {
      const { originalError, type = originalError?.type } = error as {
        type?: string;
        originalError?: { type?: string };
      };
      if ((type !== "UNKNOWN_TOPIC_OR_PARTITION" && type !== "LEADER_NOT_AVAILABLE") || performance.now() > end)
        throw error;
      await delay(KNOWN_RETRY_MS);
    }
  }
}

async function checkPartitions(admin: Admin, topics: ITopicConfig[]): Promise<void> {
  if (topics.length === 0) return;
  const { topics: found } = await admin.fetchTopicMetadata({ topics: topics.map(({ topic }) => topic) });
  const wrong = topics
    .map(({ topic, numPartitions }) => ({
      topic,
      numPartitions,
      actual: found.find(({ name }) => name === topic)?.partitions.length,
    }))
    .filter(({ numPartitions, actual }) => numPartitions !== actual);
  if (wrong.length > 0) {
    throw new Error(
      `a partition count cannot be changed, make a new topic version instead: ${wrong.map(({ topic, numPartitions, actual }) => `${topic} has ${actual}, not ${numPartitions}`).join("; ")}`,
    );
  }
}

async function writeEpochs(
  kafka: KafkaClient,
  topics: readonly Topic[],
  existing: ReadonlySet<string>,
  report: (line: string) => void,
): Promise<void> {
  const epochs = await readEpochs(kafka);
  const messages = topics
    .filter(({ name }) => !existing.has(name) || !epochs.has(name))
    .map(({ name }) => ({ key: name, value: randomUUID() }));
  if (messages.length === 0) return;
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  try {
    await producer.send({ topic: EPOCHS_TOPIC, acks: -1, messages });
  } finally {
    await producer.disconnect();
  }
  for (const { key, value } of messages) report(`epoch of ${key} is ${value}`);
}

async function alignRetention(admin: Admin, topics: ITopicConfig[], report: (line: string) => void): Promise<void> {
  if (topics.length === 0) return;
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map(({ topic }) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic })),
  });
  const changed = topics.filter(({ topic, configEntries = [] }) => {
    const actual = new Map(
      resources
        .find(({ resourceName }) => resourceName === topic)
        ?.configEntries.map(({ configName, configValue }) => [configName, configValue]),
    );
    return configEntries.some(({ name, value }) => actual.get(name) !== value);
  });
  if (changed.length === 0) return;
  await admin.alterConfigs({
    validateOnly: false,
    resources: changed.map(({ topic, configEntries = [] }) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name: topic,
      configEntries,
    })),
  });
  for (const { topic } of changed) report(`set the retention of ${topic}`);
}
