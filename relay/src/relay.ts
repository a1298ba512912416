import { setTimeout as delay } from "node:timers/promises";
import { consumeEvents, type EventConsumer } from "@mib/events/consumer";
import { sendDeadLetter } from "@mib/events/dead-letter";
import { readEpochs } from "@mib/events/epochs";
import type { KafkaClient } from "@mib/events/kafka";
import { createEventProducer } from "@mib/events/producer";
import { type Topic, TOPICS } from "@mib/events/topics";
import type { Service } from "@mib/service/run";
import { greatest } from "./greatest.ts";
import { createRelayMetrics } from "./metrics.ts";
import { PartitionRelay } from "./partition-relay.ts";
import type { WindowStore } from "./window-store.ts";

type Admin = ReturnType<KafkaClient["admin"]>;

const STREAMED: readonly Topic[] = TOPICS.filter(({ window }) => window !== null);
/**
 * Topics that get history in bulk are read by a consumer of their own, in small batches: kafkajs waits for every batch of a
 * fetch before the next one, and what is live must not wait for a year of bars.
 */
const READERS = [
  // Every millisecond here is one on the way of a tick.
  { topics: STREAMED.filter(({ hasBackfill }) => hasBackfill !== true), concurrency: 16, fetchWaitMs: 10 },
  { topics: STREAMED.filter(({ hasBackfill }) => hasBackfill === true), concurrency: 1, batchBytesMax: 131_072 },
];
const CHECK_MS = 1_000;
/** A batch waits for the answer, and all partitions for the batch. */
const ASK_MS_MAX = 15_000;

/** Relays every streamed topic until the service ends. Returns as soon as it is under way: `/ready` says when it has caught up. */
export function startRelay(service: Service, { kafka, store }: { kafka: KafkaClient; store: WindowStore }): void {
  const { log, health, registry, shutdownSignal } = service;
  const deadLetters = createEventProducer({ kafka, log });
  const partitions = new Map<string, PartitionRelay>();
  const consumers = new Map<string, EventConsumer>();
  const lag = () => new Map([...new Set(consumers.values())].flatMap((consumer) => [...consumer.lag()]));
  const metrics = createRelayMetrics(registry, lag);

  health.check("kafka", () => {
    if (!STREAMED.every(({ name }) => consumers.get(name)?.connected())) throw new Error("not reading from Kafka");
    return Object.fromEntries([...lag()].map(([topic, records]) => [topic, Number(records)]));
  });
  health.check("redis", () => store.ping());
  /** Topics of which the windows are not known to be whole. */
  const unknown = new Set(STREAMED.map(({ name }) => name));
  health.check("windows", () => {
    const refilling = [...partitions.values()].filter((partition) => partition.refilling).length;
    if (partitions.size === 0 || refilling > 0)
      throw new Error(`${refilling} of ${partitions.size} partitions are being refilled`);
    if (unknown.size > 0) throw new Error(`not known to be whole: ${[...unknown].join(", ")}`);
  });

  /** Notices what Redis lost without anything being written, and notes for each topic when all is there. */
  async function checkWindows(): Promise<void> {
    for (const { name: topic } of STREAMED) {
      const consumer = consumers.get(topic);
      if (!consumer?.connected() || shutdownSignal.aborted) continue;
      const known = [];
      for (const relay of [...partitions.values()].filter((each) => each.topic === topic)) {
        const { partition } = relay;
        const next = consumer.position(topic, partition)!;
        await relay.check(next);
        // What came before this relay did, another one may have told.
        known.push({ partition, next: greatest(next, consumer.firstEnd(topic, partition)!, relay.untoldFrom) });
      }
      if ((await store.markWhole(topic, known)) === "NOTED") unknown.delete(topic);
      else unknown.add(topic);
    }
  }

  const running = (async () => {
    const epochs = await knownEpochs(service, kafka);
    if (epochs === null) return;
    const context = {
      log,
      metrics,
      store,
      epochs,
      sendDeadLetter: (
        topic: string,
        partition: number,
        record: Parameters<typeof sendDeadLetter>[3],
        reason: string,
      ) => sendDeadLetter(deadLetters, topic, partition, record, reason),
      offsets: async (topic: string, partition: number) => {
        const found = await askAdmin(kafka, topic, partition, (admin) => admin.fetchTopicOffsets(topic));
        return { low: BigInt(found.low), high: BigInt(found.high) };
      },
      offsetAt: async (topic: string, partition: number, timeMs: number) => {
        const ask = (admin: Admin) => admin.fetchTopicOffsetsByTimestamp(topic, timeMs);
        return BigInt((await askAdmin(kafka, topic, partition, ask)).offset);
      },
      seek: (topic: string, partition: number, offset: bigint) => consumers.get(topic)?.seek(topic, partition, offset),
    };
    for (const { topics, ...reading } of READERS) {
      const names = topics.map(({ name }) => name);
      const consumer = await consumeEvents({
        kafka,
        log,
        name: "mib-relay",
        topics: names,
        fetchBytesMin: 1,
        ...reading,
        startOffset: (topic, partition) => {
          const relay = new PartitionRelay(
            topics.find(({ name }) => name === topic)!,
            partition,
            context,
          );
          partitions.set(`${topic}/${partition}`, relay);
          return relay.start();
        },
        onBatch: (batch) => partitions.get(`${batch.topic}/${batch.partition}`)!.handle(batch),
      });
      for (const name of names) consumers.set(name, consumer);
    }

    while (!shutdownSignal.aborted) {
      await delay(CHECK_MS, undefined, { signal: shutdownSignal }).catch(() => {});
      // While Redis is away there is nothing to find out.
      await checkWindows().catch(() => {});
    }
  })();
  running.catch((error: unknown) => service.fail(error, "the relay failed"));

  service.onShutdown("relay", async () => {
    await running;
    await Promise.all([...new Set(consumers.values())].map((consumer) => consumer.stop()));
    await deadLetters.stop();
    await store.close();
  });
}

/** Waits until Kafka is there and the topics are provisioned. Null when the service ends before that. */
async function knownEpochs({ log, shutdownSignal }: Service, kafka: KafkaClient): Promise<Map<string, string> | null> {
  for (let retryMs = 200; !shutdownSignal.aborted; retryMs = Math.min(retryMs * 2, 5_000)) {
    try {
      const epochs = await readEpochs(kafka);
      const missing = STREAMED.filter(({ name, position }) => position === "OFFSET" && !epochs.has(name));
      if (missing.length === 0) return epochs;
      log.warn({ topics: missing.map(({ name }) => name) }, "topics are not provisioned yet");
    } catch (error) {
      log.warn({ err: error, retryMs }, "Kafka cannot be read yet");
    }
    await delay(retryMs, undefined, { signal: shutdownSignal }).catch(() => {});
  }
  return null;
}

/** What Kafka says of a partition, where it can only be asked for a whole topic. */
async function askAdmin<Offsets extends { partition: number }>(
  kafka: KafkaClient,
  topic: string,
  partition: number,
  ask: (admin: Admin) => Promise<Offsets[]>,
): Promise<Offsets> {
  const admin = kafka.admin();
  const asked = admin.connect().then(() => ask(admin));
  try {
    const answer = await Promise.race([asked, delay(ASK_MS_MAX, null, { ref: false })]);
    if (answer === null) throw new Error(`Kafka did not say within ${ASK_MS_MAX} ms what ${topic} has`);
    const found = answer.find((offsets) => offsets.partition === partition);
    if (found === undefined) throw new Error(`${topic} has no partition ${partition}`);
    return found;
  } finally {
    asked.catch(() => {});
    // kafkajs may wait for ever for what it disconnects from.
    admin.disconnect().catch(() => {});
  }
}
