import { consumeEvents, type RecordBatch } from "@mib/events/consumer";
import type { KafkaClient } from "@mib/events/kafka";
import type { Logger } from "@mib/service/log";

export type LogRecord = RecordBatch["records"][number];

/** Offsets of one partition; `to` is not part of it. */
export interface OffsetRange {
  from: bigint;
  to: bigint;
}

/** What is still to be read of a partition. */
interface Unread {
  next: bigint;
  to: bigint;
}

/** What may be read for one search. */
export interface ReadLimits {
  recordsMax: number;
  bytesMax: number;
}

/** The search would read more than it may. */
export class ReadLimitError extends Error {}

type Admin = ReturnType<KafkaClient["admin"]>;

/** What a search needs of a topic's log. */
export type SearchableLog = Pick<TopicLog, "bounds" | "offsetsAt" | "read">;

/** A topic of Kafka, read by ranges of offsets: each record of a range once and in order, or the read fails. */
export class TopicLog {
  readonly #kafka: KafkaClient;
  readonly #admin: Admin;
  readonly #topic: string;
  readonly #log: Logger;
  readonly #signal: AbortSignal;
  #recordsLeft: number;
  #bytesLeft: number;

  /** All that waits fails when the signal is aborted. */
  constructor(
    kafka: KafkaClient,
    topic: string,
    { limits, log, signal }: { limits: ReadLimits; log: Logger; signal: AbortSignal },
  ) {
    this.#kafka = kafka;
    this.#admin = kafka.admin();
    this.#topic = topic;
    this.#log = log;
    this.#signal = signal;
    this.#recordsLeft = limits.recordsMax;
    this.#bytesLeft = limits.bytesMax;
  }

  connect(): Promise<void> {
    return this.#unlessAborted(this.#admin.connect());
  }

  /** The first offset and the next one of each partition. */
  async bounds(): Promise<Map<number, { low: bigint; high: bigint }>> {
    const offsets = await this.#unlessAborted(this.#admin.fetchTopicOffsets(this.#topic));
    return new Map(offsets.map(({ partition, low, high }) => [partition, { low: BigInt(low), high: BigInt(high) }]));
  }

  /** The first offset of each partition whose record came at that time or later. */
  async offsetsAt(timeMs: number): Promise<Map<number, bigint>> {
    const offsets = await this.#unlessAborted(this.#admin.fetchTopicOffsetsByTimestamp(this.#topic, timeMs));
    return new Map(offsets.map(({ partition, offset }) => [partition, BigInt(offset)]));
  }

  async read(
    ranges: ReadonlyMap<number, OffsetRange>,
    take: (partition: number, record: LogRecord) => void,
  ): Promise<void> {
    const left = new Map<number, Unread>();
    for (const [partition, { from, to }] of ranges) if (from < to) left.set(partition, { next: from, to });
    if (left.size === 0) return;
    const done = Promise.withResolvers<void>();
    const consumer = await consumeEvents({
      kafka: this.#kafka,
      log: this.#log,
      name: "mib-router-history",
      topics: [this.#topic],
      fetchBytesMin: 1,
      startOffset: (topic, partition) => {
        const range = left.get(partition);
        if (range === undefined) consumer.pause(topic, [partition]);
        return range?.next ?? "latest";
      },
      onBatch: async (batch) => {
        const range = left.get(batch.partition);
        if (range === undefined) return;
        try {
          this.#takeBatch(batch, range, take);
        } catch (error) {
          left.clear();
          done.reject(error);
          return;
        }
        range.next = batch.nextOffset;
        if (range.next < range.to) return;
        left.delete(batch.partition);
        consumer.pause(batch.topic, [batch.partition]);
        if (left.size === 0) done.resolve();
      },
    });
    try {
      await this.#unlessAborted(done.promise);
    } finally {
      left.clear();
      await consumer.stop();
    }
  }

  #takeBatch(
    { topic, partition, records }: RecordBatch,
    { next, to }: Unread,
    take: (partition: number, record: LogRecord) => void,
  ): void {
    for (const record of records) {
      const offset = BigInt(record.offset);
      if (offset < next) continue;
      if (offset >= to) return;
      // Retention was faster, or the topic is another one than it was.
      if (offset > next) throw new Error(`${topic}/${partition} no longer has what was to be read`);
      next = offset + 1n;
      this.#recordsLeft -= 1;
      this.#bytesLeft -= record.value?.length ?? 0;
      if (this.#recordsLeft < 0 || this.#bytesLeft < 0) throw new ReadLimitError(`too much of ${topic} to read`);
      take(partition, record);
    }
  }

  close(): void {
    this.#admin.disconnect().catch(() => {}); // it may never have been connected
  }

  #unlessAborted<Value>(work: Promise<Value>): Promise<Value> {
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(this.#signal.reason);
    if (this.#signal.aborted) abort();
    else this.#signal.addEventListener("abort", abort, { once: true });
    work.catch(() => {}); // what is late fails unheard
    return Promise.race([work, aborted.promise]).finally(() => this.#signal.removeEventListener("abort", abort));
  }
}
