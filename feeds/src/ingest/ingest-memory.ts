import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { consumeEvents, type EventConsumer, type RecordBatch } from "@mib/events/consumer";
import { Deduplicator } from "@mib/events/deduplicator";
import { readEpochs } from "@mib/events/epochs";
import { decodeEvent, InvalidRecordError, type OutgoingEvent } from "@mib/events/event";
import type { KafkaClient } from "@mib/events/kafka";
import { rangesOf } from "@mib/events/scan-topic";
import { validateValue } from "@mib/events/validate";
import type { Logger } from "@mib/service/log";
import { untilAborted } from "@mib/service/until-aborted";
import { Idempotency } from "./idempotency.ts";
import type { IngestAnswer } from "./ingest-server.ts";
import { SensorRegistry } from "./sensor-registry.ts";

const DEFINITIONS_TOPIC = "sensor.definitions.v1";
const ANSWERS_TOPIC = "ingest.answers.v1";
const ANSWERS_MAX = 10_000;
const REJECTED_MAX = 100_000;
const ANSWERS_MS_MAX = 24 * 3_600_000;
const RETRY_MS = 1_000;

/** What outlives a run of the ingest server: which sensors there are, and what was answered. Kafka keeps it. */
export class IngestMemory {
  readonly sensors = new SensorRegistry();
  readonly answers = new Idempotency<IngestAnswer>({
    entriesMax: ANSWERS_MAX,
    sizeOf: ({ rejected }) => rejected.length,
    sizeMax: REJECTED_MAX,
    ageMsMax: ANSWERS_MS_MAX,
  });
  /** Whether all that was kept before the start is here. */
  isWhole = false;
}

interface Definition {
  sensor: string;
  unit: string;
  instruments: { symbol: string }[];
  definedAt: string;
}

/** The value of a record of ingest.answers.v1. */
interface KeptAnswer extends IngestAnswer {
  request: string;
  bodyHash: string;
  at: string;
}

/** Takes note of a definition that was read from Kafka, whose order says which is the last one. */
function learnDefinition({ sensors }: IngestMemory, value: string): void {
  const { sensor, unit, instruments, definedAt } = JSON.parse(value) as Definition;
  sensors.define(sensor, { unit, symbols: [...new Set(instruments.map(({ symbol }) => symbol))], definedAt });
}

/**
 * Takes note of a definition that this process has sent, before it comes back: unless a later one of another process has come
 * already, and this one has, too.
 */
export function anticipateDefinition(memory: IngestMemory, value: string): void {
  const { sensor, definedAt } = JSON.parse(value) as Definition;
  const known = memory.sensors.find(sensor);
  if (known === null || Date.parse(known.definedAt) <= Date.parse(definedAt)) learnDefinition(memory, value);
}

/** What a request was answered, as Kafka keeps it. */
export function answerEvent(request: string, bodyHash: string, now: Date, answer: IngestAnswer): OutgoingEvent {
  const at = now.toISOString().replace(/\.?0*Z$/, "Z");
  const eventId = createHash("sha256")
    .update(JSON.stringify([request, bodyHash, at]))
    .digest("hex")
    .slice(0, 32);
  const value = JSON.stringify({ id: eventId, request, bodyHash, at, ...answer } satisfies KeptAnswer & { id: string });
  return { topic: ANSWERS_TOPIC, key: request, channel: "*", eventId, value };
}

export interface MemoryReaderOptions {
  kafka: KafkaClient;
  log: Logger;
  memory: IngestMemory;
  signal: AbortSignal;
  /** The topics' names at the broker, where they are not their own. */
  topics?: { definitions: string; answers: string };
}

/**
 * Reads what was kept, from its beginning, then what other processes add. The memory is whole once it has what Kafka had at the
 * start. Returns when that is so, or the signal is aborted; what it returns stops it.
 */
export async function followMemory({
  kafka,
  log,
  memory,
  signal,
  topics = { definitions: DEFINITIONS_TOPIC, answers: ANSWERS_TOPIC },
}: MemoryReaderOptions): Promise<{ stop(): Promise<void> }> {
  const seen = new Deduplicator();
  const ownName = new Map([
    [topics.definitions, DEFINITIONS_TOPIC],
    [topics.answers, ANSWERS_TOPIC],
  ]);
  const whole = Promise.withResolvers<void>();
  const unread = new Map<string, bigint>();
  let consumer: EventConsumer | null = null;
  while (!signal.aborted && consumer === null) {
    try {
      const epochs = await untilAborted(signal, readEpochs(kafka));
      for (const [topic, own] of ownName) {
        if (!epochs.has(own)) throw new Error(`${own} is not provisioned yet`);
        const ranges = await untilAborted(signal, rangesOf(kafka, topic));
        for (const { from, to } of ranges.values()) if (from < to) unread.set(topic, to);
      }
      if (unread.size === 0) whole.resolve();
      consumer = await consumeEvents({
        kafka,
        log,
        name: "mib-ingest-memory",
        topics: [...ownName.keys()],
        startOffset: () => "earliest",
        onBatch: async (batch) => take(batch, epochs),
      });
    } catch (error) {
      if (signal.aborted) break;
      log.warn({ err: error, retryMs: RETRY_MS }, "what was defined and answered before can't be read yet");
      await delay(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await Promise.race([whole.promise, aborted]);
  if (!signal.aborted) memory.isWhole = true;
  return { stop: async () => consumer?.stop() };

  function take({ topic, partition, records, nextOffset }: RecordBatch, epochs: ReadonlyMap<string, string>): void {
    const own = ownName.get(topic)!;
    for (const record of records) {
      try {
        const event = decodeEvent(own, partition, record, epochs);
        const validation = validateValue(own, event.value);
        if (!validation.ok) throw new InvalidRecordError(validation.reason);
        if (!seen.accept(event)) continue;
        if (own === DEFINITIONS_TOPIC) learnDefinition(memory, event.value);
        else remember(validation.value as KeptAnswer);
      } catch (error) {
        if (!(error instanceof InvalidRecordError)) throw error;
        log.warn({ topic, offset: record.offset, reason: error.message }, "a record is left out");
      }
    }
    if (nextOffset >= (unread.get(topic) ?? 0n)) unread.delete(topic);
    if (unread.size === 0) whole.resolve();
  }

  function remember({ request, bodyHash, at, accepted, rejected }: KeptAnswer): void {
    memory.answers.restore(request, bodyHash, Date.parse(at), { accepted, rejected });
  }
}
