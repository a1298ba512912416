import { CodedError } from "@mib/service/coded-error";
import type { Logger } from "@mib/service/log";
import type { Admin, KafkaMessage } from "kafkajs";
import { consumeEvents, type RecordBatch } from "./consumer.ts";
import type { KafkaClient } from "./kafka.ts";

/** Offsets of a partition, the second one excluded. */
export interface OffsetRange {
  from: bigint;
  to: bigint;
}

export interface ScanOptions {
  kafka: KafkaClient;
  log: Logger;
  topic: string;
  /** What to read, by partition; the others are not read. */
  ranges: ReadonlyMap<number, OffsetRange>;
  /** Called with each record, in the order of its partition, whose next one waits for the promise. False: it has seen enough. */
  take(record: KafkaMessage, partition: number): boolean | void | Promise<boolean | void>;
  /** How long nothing may come before the scan is given up. */
  stalledMs?: number;
}

const STALLED_MS = 30_000;

/** What a topic has now, from an offset or a time on. */
export async function rangesOf(
  kafka: KafkaClient,
  topic: string,
  { fromMs = null }: { fromMs?: number | null } = {},
): Promise<Map<number, OffsetRange>> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await rangesAskedOf(admin, topic, fromMs);
  } finally {
    await admin.disconnect();
  }
}

/** What a topic has each time it is asked, over one connection: for who asks often. */
export class TopicRanges {
  readonly #kafka: KafkaClient;
  readonly #topic: string;
  #admin: Promise<Admin> | null = null;

  constructor(kafka: KafkaClient, topic: string) {
    this.#kafka = kafka;
    this.#topic = topic;
  }

  async now(): Promise<Map<number, OffsetRange>> {
    try {
      return await rangesAskedOf(await (this.#admin ??= connectedAdmin(this.#kafka)), this.#topic, null);
    } catch (error) {
      // The next one asks over a new connection, whatever became of this one.
      await this.close();
      throw error;
    }
  }

  /** Whoever asks later connects again. */
  async close(): Promise<void> {
    const admin = this.#admin;
    this.#admin = null;
    await admin?.then((connected) => connected.disconnect()).catch(() => {});
  }
}

async function connectedAdmin(kafka: KafkaClient): Promise<Admin> {
  const admin = kafka.admin();
  await admin.connect();
  return admin;
}

async function rangesAskedOf(admin: Admin, topic: string, fromMs: number | null): Promise<Map<number, OffsetRange>> {
  const all = await admin.fetchTopicOffsets(topic);
  const starts = fromMs === null ? [] : await admin.fetchTopicOffsetsByTimestamp(topic, fromMs);
  return new Map(
    all.map(({ partition, low, high }) => {
      const start = starts.find((each) => each.partition === partition)?.offset ?? low;
      return [partition, { from: BigInt(start), to: BigInt(high) }];
    }),
  );
}

/** Reads ranges of a topic to their ends and holds nothing of them. What retention has taken is passed over. */
export async function scanTopic({
  kafka,
  log,
  topic,
  ranges,
  take,
  stalledMs = STALLED_MS,
}: ScanOptions): Promise<void> {
  const unread = new Map([...ranges].filter(([, { from, to }]) => from < to));
  if (unread.size === 0) return;
  const ended = Promise.withResolvers<void>();
  let over = false;
  const end = (error?: Error) => {
    over = true;
    if (error) ended.reject(error);
    else ended.resolve();
  };
  const timer = setTimeout(() => {
    end(new CodedError("SERVICE_UNAVAILABLE", `Kafka gave nothing of ${topic} for ${stalledMs} ms.`));
  }, stalledMs);

  async function onBatch({ records, partition, nextOffset }: RecordBatch): Promise<void> {
    const range = unread.get(partition);
    if (over || range === undefined) return;
    timer.refresh();
    try {
      for (const record of records) {
        if (BigInt(record.offset) >= range.to) break;
        const taken = take(record, partition);
        // Most takers have nothing to wait for, and a pause for each record would cost more than they do.
        if (taken instanceof Promise) {
          const seenEnough = (await taken) === false;
          if (over) return;
          timer.refresh();
          if (seenEnough) return end();
        } else if (taken === false) return end();
      }
    } catch (error) {
      // A batch that fails would be given again and again.
      return end(error as Error);
    }
    if (nextOffset >= range.to) unread.delete(partition);
    if (unread.size === 0) end();
  }

  const consumer = await consumeEvents({
    kafka,
    log,
    name: "mib-scan",
    topics: [topic],
    startOffset: (_, partition) => unread.get(partition)?.from ?? "latest",
    onBatch,
  });
  try {
    await ended.promise;
  } finally {
    clearTimeout(timer);
    await consumer.stop();
  }
}
