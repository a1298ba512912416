import { setTimeout as delay } from "node:timers/promises";
import { consumeEvents, type EventConsumer, type RecordBatch } from "@mib/events/consumer";
import { readEpochs } from "@mib/events/epochs";
import { decodeEvent, InvalidRecordError } from "@mib/events/event";
import type { KafkaClient } from "@mib/events/kafka";
import { TopicRanges, type OffsetRange } from "@mib/events/scan-topic";
import { validateValue } from "@mib/events/validate";
import { CodedError } from "@mib/service/coded-error";
import type { Service } from "@mib/service/run";

/** An event whose value fits its topic. */
export interface Read<Value> {
  value: Value;
  offset: bigint;
  eventId: string;
  traceparent: string | null;
  /** When the broker got it. */
  brokerTimeMs: number;
}

export interface StreamReaderOptions<Value> {
  kafka: KafkaClient;
  stream: string;
  /** The name under which the topic is found. */
  topic: string;
  /** What the reader is called in `/ready`. */
  check: string;
  /** How far the stream of this epoch is in the store; null when nothing of it is. */
  lastOffset(epoch: string): Promise<bigint | null>;
  /** Called again with the same events until it succeeds: its effect must be idempotent. */
  onEvents(events: readonly Read<Value>[], epoch: string): Promise<void>;
  onRefused(): void;
}

/** A stream that is being read. */
export interface StreamReading {
  /**
   * Returns when what is in the stream now is read. SERVICE_UNAVAILABLE when that takes too long: whoever waits tries again, and
   * says so meanwhile.
   */
  caughtUp(): Promise<void>;
}

const RETRY_MS = 1_000;
const CATCH_UP_MS_MAX = 30_000;
const CATCH_UP_LOOK_MS = 20;

/** Reads a stream of one partition, going on from where a store says it is. What does not validate is passed over. */
export function readStream<Value>(service: Service, options: StreamReaderOptions<Value>): StreamReading {
  const { kafka, stream, topic, check } = options;
  const { log, shutdownSignal } = service;
  const ranges = new TopicRanges(kafka, topic);
  let consumer: EventConsumer | null = null;

  service.health.check(check, () => {
    if (!consumer?.connected()) throw new Error(`not reading ${stream}`);
    return { lag: Number(consumer.lag().get(topic) ?? 0n) };
  });

  const starting = (async () => {
    while (!shutdownSignal.aborted) {
      try {
        const epochs = await readEpochs(kafka);
        const epoch = epochs.get(stream);
        if (epoch === undefined) throw new Error(`${stream} is not provisioned yet`);
        consumer = await consumeEvents({
          kafka,
          log,
          name: "vector-search",
          topics: [topic],
          startOffset: async () => {
            const last = await options.lastOffset(epoch);
            return last === null ? "earliest" : last + 1n;
          },
          onBatch: (batch) => options.onEvents(accepted(batch, epochs), epoch),
        });
        return;
      } catch (error) {
        log.warn({ err: error, retryMs: RETRY_MS }, `cannot read ${stream} yet`);
        await delay(RETRY_MS, undefined, { signal: shutdownSignal }).catch(() => {});
      }
    }
  })();
  service.onShutdown(check, async () => {
    await starting;
    await consumer?.stop();
    await ranges.close();
  });

  return { caughtUp };

  async function caughtUp(): Promise<void> {
    const ends = await ranges.now();
    const signal = AbortSignal.any([shutdownSignal, AbortSignal.timeout(CATCH_UP_MS_MAX)]);
    const isRead = ([partition, { from, to }]: [number, OffsetRange]) =>
      from === to || (consumer?.position(topic, partition) ?? -1n) >= to;
    while (![...ends].every(isRead))
      await delay(CATCH_UP_LOOK_MS, undefined, { signal }).catch((cause: unknown) => {
        throw new CodedError("SERVICE_UNAVAILABLE", `${stream} is not read to its end yet.`, {}, { cause });
      });
  }

  /** What is left out goes to the dead-letter topic by whoever sent or relays it; here it is only passed over. */
  function accepted(batch: RecordBatch, epochs: ReadonlyMap<string, string>): Read<Value>[] {
    const events: Read<Value>[] = [];
    for (const record of batch.records) {
      try {
        const { value, offset, eventId, traceparent, brokerTimeMs } = decodeEvent(
          stream,
          batch.partition,
          record,
          epochs,
        );
        const validation = validateValue(stream, value);
        if (!validation.ok) throw new InvalidRecordError(validation.reason);
        // These streams are numbered by their offsets, so each event has an id.
        events.push({ value: validation.value as Value, offset, eventId: eventId!, traceparent, brokerTimeMs });
      } catch (error) {
        if (!(error instanceof InvalidRecordError)) throw error;
        options.onRefused();
      }
    }
    return events;
  }
}
