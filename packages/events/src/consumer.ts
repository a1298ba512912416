import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@mib/service/log";
import type { Consumer, EachBatchPayload, KafkaMessage } from "kafkajs";
import type { KafkaClient } from "./kafka.ts";

/** Records of one partition, in order and without a hole inside. */
export interface RecordBatch {
  topic: string;
  partition: number;
  records: readonly KafkaMessage[];
  /** Where the reader stood when the batch came. */
  position: bigint;
  /** The offset to go on from when the batch is done: what the caller keeps. */
  nextOffset: bigint;
  /** The offset that the partition's next record will get. */
  highWatermark: bigint;
  /** How many records between the last batch and this one Kafka no longer had: retention was faster than this reader. */
  missedBefore: bigint;
}

export type StartOffset = bigint | "earliest" | "latest";

export interface EventConsumerOptions {
  kafka: KafkaClient;
  log: Logger;
  /** Begins the name of the consumer group. Each run makes a group of its own, so no run waits for the end of another. */
  name: string;
  topics: readonly string[];
  /** Where the caller wants to go on in a partition: asked once per partition. */
  startOffset(topic: string, partition: number): StartOffset | Promise<StartOffset>;
  /**
   * Called with one batch per partition at a time. When it throws it is called with the same batch again, after a pause, until it
   * succeeds: its effect and the caller's offset must therefore be one, or the effect must be idempotent.
   */
  onBatch(batch: RecordBatch): Promise<void>;
  /** Partitions whose batches are handled side by side. */
  concurrency?: number;
  batchBytesMax?: number;
  /**
   * A fetch is answered when there are so many bytes, or after `fetchWaitMs`. 1 is for what may not wait: a fetch for each record
   * that comes costs reader and broker more than the records do.
   */
  fetchBytesMin?: number;
  /** How long a fetch waits. With one byte, 10 ms is a millisecond or two faster than 500 ms, and costs a tenth of a core when idle. */
  fetchWaitMs?: number;
}

export interface EventConsumer {
  /** Records not yet handled, per topic: as of the last fetch. */
  lag(): Map<string, bigint>;
  /** Whether the consumer has joined and fetches. */
  connected(): boolean;
  pause(topic: string, partitions?: number[]): void;
  resume(topic: string, partitions?: number[]): void;
  /** Goes on from another offset in a partition. */
  seek(topic: string, partition: number, offset: bigint): void;
  /** The offset of the next record to be handled. */
  position(topic: string, partition: number): bigint | undefined;
  /** The end that a partition had when it was first looked at; 0 where it had no records. */
  firstEnd(topic: string, partition: number): bigint | undefined;
  stop(): Promise<void>;
}

const RETRY_MS_MIN = 200;
const RETRY_MS_MAX = 2_000;
const HEARTBEAT_MS = 1_000;
/** Longer than the timeout of a fetch. */
const STALLED_MS = 20_000;
const WATCH_MS = 1_000;
const STOP_TIMEOUT_MS = 5_000;

interface PartitionState {
  topic: string;
  partition: number;
  next: bigint;
  /** How often the caller sought: one while a batch is handled wins over the batch's end. */
  seeks: number;
  highWatermark: bigint;
  firstEnd: bigint;
  /** The batch being handled: the next one waits for it, also across reconnects. */
  inFlight: Promise<void>;
}

/**
 * Reads topics from positions that the caller keeps, with the latency of a fetch. Survives the loss of brokers: it connects
 * anew, with growing pauses, and goes on where it was. kafkajs has no assign(), so each run joins a group of its own and seeks.
 */
export async function consumeEvents(options: EventConsumerOptions): Promise<EventConsumer> {
  const consumer = new SeekingConsumer(options);
  consumer.start();
  return consumer;
}

class SeekingConsumer implements EventConsumer {
  readonly #options: EventConsumerOptions;
  readonly #partitions = new Map<string, PartitionState>();
  readonly #stopping = new AbortController();
  readonly #paused = new Map<string, { topic: string; partition: number | null }>();
  #consumer: Consumer | null = null;
  #generation = 0;
  #joined = false;
  #lastActivity = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(options: EventConsumerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#supervise();
  }

  connected(): boolean {
    return this.#joined;
  }

  lag(): Map<string, bigint> {
    const lag = new Map<string, bigint>();
    for (const { topic, next, highWatermark } of this.#partitions.values()) {
      lag.set(topic, (lag.get(topic) ?? 0n) + (highWatermark > next ? highWatermark - next : 0n));
    }
    return lag;
  }

  position(topic: string, partition: number): bigint | undefined {
    return this.#partitions.get(`${topic}/${partition}`)?.next;
  }

  firstEnd(topic: string, partition: number): bigint | undefined {
    return this.#partitions.get(`${topic}/${partition}`)?.firstEnd;
  }

  pause(topic: string, partitions?: number[]): void {
    for (const partition of partitions ?? [null])
      this.#paused.set(`${topic}/${partition ?? "*"}`, { topic, partition });
    if (this.#joined) this.#consumer?.pause([partitions === undefined ? { topic } : { topic, partitions }]);
  }

  resume(topic: string, partitions?: number[]): void {
    for (const partition of partitions ?? [null]) this.#paused.delete(`${topic}/${partition ?? "*"}`);
    if (this.#joined) this.#consumer?.resume([partitions === undefined ? { topic } : { topic, partitions }]);
  }

  seek(topic: string, partition: number, offset: bigint): void {
    const state = this.#partitions.get(`${topic}/${partition}`);
    if (state === undefined) throw new Error(`${topic}/${partition} is not being read`);
    state.next = offset;
    state.seeks += 1;
    if (this.#joined) this.#consumer?.seek({ topic, partition, offset: String(offset) });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await Promise.allSettled([...this.#partitions.values()].map(({ inFlight }) => inFlight));
  }

  /** One connection after another, until it is stopped. */
  async #supervise(): Promise<void> {
    const { log } = this.#options;
    let pauseMs = RETRY_MS_MIN;
    while (!this.#stopping.signal.aborted) {
      const startedAt = Date.now();
      try {
        await this.#readUntilItEnds();
      } catch (error) {
        log.warn({ err: error, retryMs: pauseMs }, "reading from Kafka broke off");
      }
      this.#joined = false;
      if (this.#stopping.signal.aborted) return;
      if (Date.now() - startedAt > 30_000) pauseMs = RETRY_MS_MIN;
      await delay(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX);
    }
  }

  async #readUntilItEnds(): Promise<void> {
    const { kafka, name, topics, concurrency = 8 } = this.#options;
    const { batchBytesMax = 1_048_576, fetchBytesMin = 65_536, fetchWaitMs = 100 } = this.#options;
    const generation = ++this.#generation;
    const ended = Promise.withResolvers<never>();
    ended.promise.catch(() => {});
    const stop = () => ended.reject(new Stopped());
    this.#stopping.signal.addEventListener("abort", stop, { once: true });
    // A signal that has come does not come again.
    if (this.#stopping.signal.aborted) stop();
    // kafkajs can hang after the loss of a broker without a crash: then this connection is given up.
    const watchdog = setInterval(() => {
      const silentMs = Date.now() - this.#lastActivity;
      if (silentMs > STALLED_MS) ended.reject(new Error(`nothing was fetched for ${silentMs} ms`));
    }, WATCH_MS);
    this.#lastActivity = Date.now();
    let consumer: Consumer | null = null;
    try {
      await Promise.race([ended.promise, this.#resolvePositions(generation)]);
      consumer = kafka.consumer({
        groupId: `${name}-${randomUUID()}`,
        maxWaitTimeInMs: fetchWaitMs,
        minBytes: fetchBytesMin,
        maxBytesPerPartition: batchBytesMax,
        sessionTimeout: 30_000,
        heartbeatInterval: 3_000,
        allowAutoTopicCreation: false,
      });
      this.#consumer = consumer;
      await Promise.race([ended.promise, this.#read(generation, consumer, ended.reject, { topics, concurrency })]);
      await ended.promise;
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    } finally {
      this.#joined = false;
      clearInterval(watchdog);
      this.#stopping.signal.removeEventListener("abort", stop);
      if (consumer !== null) await withinLimit(consumer.disconnect());
    }
  }

  async #read(
    generation: number,
    consumer: Consumer,
    crashed: (error: Error) => void,
    { topics, concurrency }: { topics: readonly string[]; concurrency: number },
  ): Promise<void> {
    consumer.on(consumer.events.CRASH, ({ payload }) => crashed(payload.error));
    consumer.on(consumer.events.FETCH, () => void (this.#lastActivity = Date.now()));
    consumer.on(consumer.events.GROUP_JOIN, () => this.#takeUp(consumer));
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: true,
      partitionsConsumedConcurrently: concurrency,
      eachBatch: (payload) => this.#handle(generation, payload),
    });
  }

  /** Every partition gets an offset that exists; what retention has taken is noticed when the next record arrives. */
  async #resolvePositions(generation: number): Promise<void> {
    const admin = this.#options.kafka.admin();
    try {
      await admin.connect();
      for (const topic of this.#options.topics) {
        for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
          const key = `${topic}/${partition}`;
          const known = this.#partitions.get(key);
          const wanted = known?.next ?? (await this.#options.startOffset(topic, partition));
          // This run was given up: another one has gone on since.
          if (generation !== this.#generation) return;
          this.#lastActivity = Date.now();
          let next = wanted === "earliest" ? BigInt(low) : wanted === "latest" ? BigInt(high) : wanted;
          if (next > BigInt(high)) {
            this.#options.log.error(
              { topic, partition, next: String(next), high },
              "Kafka has less than it had: reading the partition from its start",
            );
            next = BigInt(low);
          }
          if (known === undefined)
            this.#partitions.set(key, {
              topic,
              partition,
              next,
              seeks: 0,
              highWatermark: BigInt(high),
              firstEnd: BigInt(high) > BigInt(low) ? BigInt(high) : 0n,
              inFlight: Promise.resolve(),
            });
          else
            Object.assign(known, {
              next,
              highWatermark: BigInt(high),
              firstEnd: known.firstEnd > BigInt(high) ? BigInt(high) : known.firstEnd,
            });
        }
      }
    } finally {
      await withinLimit(admin.disconnect());
    }
  }

  /** Runs inside the event of joining, before the first fetch: from then on kafkajs reads where we say. */
  #takeUp(consumer: Consumer): void {
    for (const { topic, partition, next } of this.#partitions.values())
      consumer.seek({ topic, partition, offset: String(next) });
    for (const { topic, partition } of this.#paused.values())
      consumer.pause([partition === null ? { topic } : { topic, partitions: [partition] }]);
    this.#joined = true;
  }

  async #handle(generation: number, { batch, heartbeat, isStale }: EachBatchPayload): Promise<void> {
    const state = this.#partitions.get(`${batch.topic}/${batch.partition}`);
    if (state === undefined) return;
    const before = state.inFlight;
    const { promise, resolve } = Promise.withResolvers<void>();
    state.inFlight = promise;
    try {
      await before;
      if (generation !== this.#generation || isStale()) return;
      await this.#deliver(generation, state, batch, heartbeat);
    } finally {
      resolve();
    }
  }

  async #deliver(
    generation: number,
    state: PartitionState,
    batch: EachBatchPayload["batch"],
    heartbeat: () => Promise<void>,
  ): Promise<void> {
    const { topic, partition } = batch;
    state.highWatermark = BigInt(batch.highWatermark);
    if (state.highWatermark < state.next) {
      // As when it connects: there is nothing where it stands, so kafkajs has gone to the partition's start.
      this.#options.log.error(
        { topic, partition, next: String(state.next), high: batch.highWatermark },
        "Kafka has less than it had: reading the partition from its start",
      );
      state.next = BigInt(batch.firstOffset() ?? 0);
    }
    const nextOffset = BigInt(batch.lastOffset()) + 1n;
    const records = batch.messages.filter(({ offset }) => BigInt(offset) >= state.next);
    if (nextOffset <= state.next) return;
    const first = records[0];
    const missedBefore = first === undefined ? 0n : BigInt(first.offset) - state.next;
    const { seeks } = state;
    const delivery: RecordBatch = {
      topic,
      partition,
      records,
      position: state.next,
      nextOffset,
      highWatermark: state.highWatermark,
      missedBefore,
    };
    let pauseMs = RETRY_MS_MIN;
    for (;;) {
      try {
        await this.#whileBeating(heartbeat, () => this.#options.onBatch(delivery));
        break;
      } catch (error) {
        if (this.#stopping.signal.aborted || generation !== this.#generation) throw error;
        this.#options.log.warn({ err: error, topic, partition, retryMs: pauseMs }, "a batch failed and is tried again");
        await this.#whileBeating(heartbeat, () => delay(pauseMs, undefined, { signal: this.#stopping.signal }));
        pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX);
      }
    }
    if (state.seeks === seeks) state.next = nextOffset;
  }

  /** Keeps the membership alive while something takes long. */
  async #whileBeating(heartbeat: () => Promise<void>, work: () => Promise<void>): Promise<void> {
    const timer = setInterval(() => {
      this.#lastActivity = Date.now();
      heartbeat().catch(() => {});
    }, HEARTBEAT_MS);
    try {
      await work();
    } finally {
      clearInterval(timer);
    }
  }
}

/** kafkajs may wait for ever for what it disconnects from. */
async function withinLimit(disconnecting: Promise<void>): Promise<void> {
  await Promise.race([disconnecting.catch(() => {}), delay(STOP_TIMEOUT_MS, undefined, { ref: false })]);
}

class Stopped extends Error {}
