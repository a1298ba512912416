import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import kafkajs from "kafkajs";
import type { KafkaClient } from "./kafka.ts";
import { EPOCHS_TOPIC } from "./topics.ts";

const { KafkaJSError } = kafkajs;

const READ_TIMEOUT_MS = 20_000;
const RETRY_MS = 500;

/** The epoch of each topic that has one, read from `mib.epochs.v1` to its end. A broker that is still starting is asked again. */
export async function readEpochs(kafka: KafkaClient): Promise<Map<string, string>> {
  const deadline = Date.now() + READ_TIMEOUT_MS;
  for (;;) {
    try {
      return await readToEnd(kafka);
    } catch (error) {
      if (!(error instanceof KafkaJSError && error.retriable) || Date.now() > deadline) throw error;
      await delay(RETRY_MS);
    }
  }
}

async function readToEnd(kafka: KafkaClient): Promise<Map<string, string>> {
  const admin = kafka.admin();
  await admin.connect();
  let end: bigint;
  let start: bigint;
  try {
    const [offsets] = await admin.fetchTopicOffsets(EPOCHS_TOPIC);
    if (offsets === undefined) throw new Error(`${EPOCHS_TOPIC} has no partition`);
    [start, end] = [BigInt(offsets.low), BigInt(offsets.high)];
  } finally {
    await admin.disconnect();
  }
  const epochs = new Map<string, string>();
  if (start >= end) return epochs;

  const consumer = kafka.consumer({
    groupId: `mib-epochs-${randomUUID()}`,
    maxWaitTimeInMs: 50,
    minBytes: 1,
    sessionTimeout: 10_000,
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [EPOCHS_TOPIC], fromBeginning: true });
    const read = Promise.withResolvers<void>();
    consumer.on(consumer.events.CRASH, ({ payload }) => read.reject(payload.error));
    const timer = setTimeout(
      () => read.reject(new Error(`${EPOCHS_TOPIC} could not be read within ${READ_TIMEOUT_MS} ms`)),
      READ_TIMEOUT_MS,
    );
    try {
      await consumer.run({
        autoCommit: false,
        eachBatch: async ({ batch }) => {
          for (const { key, value } of batch.messages) {
            if (key !== null && value !== null) epochs.set(key.toString(), value.toString());
          }
          if (BigInt(batch.lastOffset()) + 1n >= end) read.resolve();
        },
      });
      await read.promise;
    } finally {
      clearTimeout(timer);
    }
  } finally {
    await consumer.disconnect();
  }
  return epochs;
}
