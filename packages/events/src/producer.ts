import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@mib/service/log";
import kafkajs, { type Message, type Producer } from "kafkajs";
import { encodeHeaders, type OutgoingEvent } from "./event.ts";
import type { KafkaClient } from "./kafka.ts";

export interface EventProducer {
  /** Resolves when all in-sync replicas have the event. Fails after the time limit: then it may or may not be there, and may be sent again. */
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
  /** An idempotent send to a topic that is missing never returns by itself. */
  sendTimeoutMs?: number;
}

interface Waiting {
  topic: string;
  message: Message;
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
  sendTimeoutMs = 15_000,
}: EventProducerOptions): EventProducer {
  let waiting: Waiting[] = [];
  let producer: Producer | null = null;
  let loop: Promise<void> | null = null;
  let stopped = false;

  async function connected(): Promise<Producer> {
    if (producer !== null) return producer;
    const fresh = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await fresh.connect();
    return (producer = fresh);
  }

  async function drain(): Promise<void> {
    await delay(lingerMs);
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchEventsMax);
      waiting = waiting.slice(batch.length);
      const startedAt = Date.now();
      try {
        await withTimeout(
          sendTimeoutMs,
          (async () => (await connected()).sendBatch({ acks: -1, topicMessages: byTopic(batch) }))(),
        );
        for (const { resolve } of batch) resolve();
      } catch (error) {
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

  function sendRecord(topic: string, message: Message): Promise<void> {
    if (stopped) return Promise.reject(new Error("the producer is stopped"));
    return new Promise<void>((resolve, reject) => {
      waiting.push({ topic, message, resolve, reject });
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
