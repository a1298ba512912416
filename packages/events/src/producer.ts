import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@mib/service/log";
import kafkajs, { type Message, type Producer } from "kafkajs";
import { encodeHeaders, type OutgoingEvent } from "./event.ts";
import type { KafkaClient } from "./kafka.ts";

export interface EventProducer {
  /**
   * Resolves when all in-sync replicas have the event. Fails after the time limit: then it may or may not be there, and may be sent
   * again. Fails at once with a RecordTooLargeError for one that Kafka never takes: its neighbours are not kept by it.
   */
  send(event: OutgoingEvent): Promise<void>;
  /** As `send`, for a record that is no event. */
  sendRecord(topic: string, message: Message): Promise<void>;
  /** Sends what waits, then disconnects. */
  stop(): Promise<void>;
}

export interface EventProducerOptions {
  kafka: KafkaClient;
  log: Logger;
  /** How long events are collected into one request. */
  lingerMs?: number;
  batchEventsMax?: number;
  batchBytesMax?: number;
  /** An idempotent send to a topic that is missing never returns by itself. */
  sendTimeoutMs?: number;
}

/** A record is larger than brokers take. */
export class RecordTooLargeError extends Error {
  constructor(topic: string, bytes: number) {
    super(`a record of ${bytes} bytes for ${topic}: more than ${RECORD_BYTES_MAX} are not sent`);
  }
}

/** By default a broker takes 1 048 588 bytes of one partition in one request; this leaves room for what is not counted. */
export const RECORD_BYTES_MAX = 1_000_000;
/** What a record has beside key, value and headers, and each header beside its texts, at most. */
const RECORD_OVERHEAD_BYTES = 64;
const HEADER_OVERHEAD_BYTES = 10;

/** How much a record counts against `RECORD_BYTES_MAX`. */
export function recordBytes({ key, value, headers = {} }: Message): number {
  let bytes = RECORD_OVERHEAD_BYTES + sizeOf(key) + sizeOf(value);
  for (const [name, values] of Object.entries(headers))
    for (const each of Array.isArray(values) ? values : [values])
      bytes += HEADER_OVERHEAD_BYTES + sizeOf(name) + sizeOf(each);
  return bytes;
}

function sizeOf(content: string | Buffer | null | undefined): number {
  return content == null ? 0 : Buffer.byteLength(content);
}

interface Waiting {
  topic: string;
  message: Message;
  bytes: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Sends events in the order given, acknowledged by all replicas and idempotent, many in one request. One request is on its
 * way at a time: with more, a failed one could be overtaken by the next.
 */
export function createEventProducer({
  kafka,
  log,
  lingerMs = 5,
  batchEventsMax = 2_000,
  batchBytesMax = RECORD_BYTES_MAX,
  sendTimeoutMs = 15_000,
}: EventProducerOptions): EventProducer {
  let waiting: Waiting[] = [];
  let producer: Producer | null = null;
  let loop: Promise<void> | null = null;
  let stopped = false;

  async function connect(): Promise<Producer> {
    const fresh = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await fresh.connect();
    return fresh;
  }

  async function send(batch: readonly Waiting[], attempt: { isGivenUp: boolean }): Promise<void> {
    if (producer === null) {
      const fresh = await connect();
      if (attempt.isGivenUp) {
        // Whoever waited was told so, and may have sent the same again: it must not follow now.
        await fresh.disconnect();
        return;
      }
      producer = fresh;
    }
    await producer.sendBatch({ acks: -1, topicMessages: byTopic(batch) });
  }

  async function drain(): Promise<void> {
    await delay(lingerMs);
    while (waiting.length > 0) {
      const batch = takeBatch();
      const startedAt = Date.now();
      const attempt = { isGivenUp: false };
      try {
        await withTimeout(sendTimeoutMs, send(batch, attempt));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        attempt.isGivenUp = true;
        // After a failure the sequence numbers of this producer are in doubt: the next batch gets a new one.
        const failed = producer;
        producer = null;
        failed?.disconnect().catch(() => {});
        log.warn(
          { err: error, events: batch.length, topics: [...new Set(batch.map(({ topic }) => topic))] },
          "sending to Kafka failed",
        );
        for (const { reject } of batch) reject(error);
      }
      const spentMs = Date.now() - startedAt;
      if (spentMs < lingerMs) await delay(lingerMs - spentMs);
    }
    // In the same turn as the look at `waiting`: an event that comes after it starts a new loop.
    loop = null;
  }

  /** The first of those that wait, as many as one request may have. */
  function takeBatch(): Waiting[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(waiting.length, batchEventsMax); count++) {
      bytes += waiting[count]!.bytes;
      if (count > 0 && bytes > batchBytesMax) break;
    }
    const batch = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return batch;
  }

  function sendRecord(topic: string, message: Message): Promise<void> {
    if (stopped) return Promise.reject(new Error("the producer is stopped"));
    const bytes = recordBytes(message);
    if (bytes > RECORD_BYTES_MAX) return Promise.reject(new RecordTooLargeError(topic, bytes));
    return new Promise<void>((resolve, reject) => {
      waiting.push({ topic, message, bytes, resolve, reject });
      loop ??= drain();
    });
  }

  return {
    sendRecord,
    send: (event) => sendRecord(event.topic, { key: event.key, value: event.value, headers: encodeHeaders(event) }),
    async stop() {
      stopped = true;
      await loop;
      await producer?.disconnect();
    },
  };
}

function byTopic(batch: readonly Waiting[]): { topic: string; messages: Message[] }[] {
  return [...Map.groupBy(batch, ({ topic }) => topic)].map(([topic, items]) => ({
    topic,
    messages: items.map(({ message }) => message),
  }));
}

async function withTimeout<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no acknowledgement within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}
