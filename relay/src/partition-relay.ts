/**
 * Tick 5/8: a batch of Kafka's records becomes entries of Redis windows and messages to whoever subscribed.
 */
import type { RecordBatch } from "@mib/events/consumer";
import { decodeEvent, InvalidRecordError, isBackfill, type StreamEvent } from "@mib/events/event";
import type { Topic } from "@mib/events/topics";
import { validateValue } from "@mib/events/validate";
import type { Logger } from "@mib/service/log";
import type { Append, AppendOutcome } from "@mib/stream-window/append-function";
import { compareIds } from "@mib/stream-window/layout";
import type { Progress } from "@mib/stream-window/progress";
import { greatest } from "./greatest.ts";
import type { RelayMetrics } from "./metrics.ts";
import { RefillWindow } from "./refill-window.ts";
import type { WindowStore } from "./window-store.ts";

export type Record = RecordBatch["records"][number];

/** What a partition needs from outside itself. */
export interface PartitionContext {
  log: Logger;
  metrics: RelayMetrics;
  store: WindowStore;
  epochs: ReadonlyMap<string, string>;
  sendDeadLetter(topic: string, partition: number, record: Record, reason: string): Promise<void>;
  /** The first and the next offset of the partition, as Kafka has them now. */
  offsets(topic: string, partition: number): Promise<{ low: bigint; high: bigint }>;
  /** The offset of the first record that Kafka took at or after the time. */
  offsetAt(topic: string, partition: number, timeMs: number): Promise<bigint>;
  /** Reads the partition again from an offset. */
  seek(topic: string, partition: number, offset: bigint): void;
}

/** The last event of a channel that a call has appended. */
type Appended = StreamEvent["position"] & { since: bigint };

interface Refill {
  /** Events before this offset were published once: they go into the windows in silence. */
  until: bigint;
  /** Where the next batch has to begin. */
  next: bigint;
  window: RefillWindow;
  /** What was before this offset is not known to be all. */
  since: bigint;
  /** Events that were written. */
  written: bigint;
  /** Set while what was held is being written: when that fails, it has to be read again. */
  writing: boolean;
}

/** Held back at most, while a partition's tail is read; more is written to Redis early. */
const REFILL_BYTES_MAX = 1_048_576;
/** A refill reads no more than a partition's last so many records, however many of them came within the windows' age. */
const REFILL_RECORDS_MAX = 10_000n;
/** Redis answers a call as a whole: one that is larger than a starved Redis does within the command timeout would be tried again for ever. */
const PIPELINE_EVENTS = 500;

/**
 * One partition on its way from Kafka to Redis. Every event is appended and published once and in order, whatever is
 * repeated, restarted or killed in between; when Redis lost the windows, they are filled again in silence first.
 */
export class PartitionRelay {
  readonly #topic: Topic;
  readonly #partition: number;
  readonly #context: PartitionContext;
  /** Channels that this process has appended to: their windows must be there, with what was appended, newest first, as far as it is known. */
  readonly #known = new Map<string, readonly Appended[]>();
  /** What was before this offset is not known to be all. */
  #since = 0n;
  #refill: Refill | null = null;
  /** Events before this offset came into the windows by the last refill. */
  #liveFrom = 0n;
  /** Where the next batch begins, if Kafka keeps what it has. */
  #next = 0n;
  #handling = false;
  /** Offsets of the batch under way that are in the dead letters: when it is tried again they are not put there again. */
  readonly #deadLettered = new Set<string>();
  /** The end of the last batch that was appended and published. */
  #publishedUntil = 0n;
  /** The end of the last batch of which some may have been published, though Redis did not say so. */
  #perhapsPublishedUntil = 0n;

  constructor(topic: Topic, partition: number, context: PartitionContext) {
    this.#topic = topic;
    this.#partition = partition;
    this.#context = context;
  }

  get topic(): string {
    return this.#topic.name;
  }

  get partition(): number {
    return this.#partition;
  }

  get refilling(): boolean {
    return this.#refill !== null;
  }

  /** Events from here on were told to nobody. */
  get untoldFrom(): bigint {
    return greatest(this.#publishedUntil, this.#perhapsPublishedUntil);
  }

  /** Where to read from when the process starts. */
  async start(): Promise<bigint> {
    const { store, offsets } = this.#context;
    const progress = await store.progress(this.#topic.name, this.#partition);
    if (progress !== null) {
      this.#since = progress.since;
      return (this.#next = progress.next);
    }
    const { high } = await offsets(this.#topic.name, this.#partition);
    return (this.#next = await this.#beginRefill(high));
  }

  /** Notices what Redis lost although nothing is being written. `next` is where the partition stands. */
  async check(next: bigint): Promise<void> {
    if (this.#refill !== null || this.#handling) return;
    const progress = await this.#context.store.progress(this.#topic.name, this.#partition);
    // A batch that came meanwhile finds out by itself.
    if (this.#refill !== null || this.#handling) return;
    if (progress === null) await this.#windowsLost(next);
    else if (progress.next < next) this.#goBack(next, progress);
  }

  async handle(batch: RecordBatch): Promise<void> {
    this.#handling = true;
    try {
      // Kafka lost what it had and counts anew: the place is not to be older than what comes.
      if (batch.position < this.#next) {
        this.#publishedUntil = 0n;
        this.#perhapsPublishedUntil = 0n;
        await this.#windowsLost(batch.position);
      } else await this.#handle(batch);
    } finally {
      this.#handling = false;
    }
  }

  async #handle({ records, position, nextOffset, missedBefore }: RecordBatch): Promise<void> {
    const { log, metrics } = this.#context;
    const first = records.length === 0 ? nextOffset : BigInt(records[0]!.offset);
    if (missedBefore > 0n && this.#refill === null && this.#since !== first) {
      metrics.missed.inc({ topic: this.#topic.name }, Number(missedBefore));
      log.error(
        { topic: this.#topic.name, partition: this.#partition, missed: String(missedBefore) },
        "Kafka no longer has records that were never relayed",
      );
      this.#since = first;
    }
    const refill = this.#refill;
    if (refill === null) return this.#relayLive(records, { position, nextOffset });
    // A batch from before the refill began, that is tried again: its records come again after those before them.
    if (position > refill.next) return;
    if (refill.writing) return this.#leaveRefill(refill);
    if (missedBefore > 0n) Object.assign(refill, { since: first, window: new RefillWindow(this.#topic.window!) });

    for (const record of records) {
      if (BigInt(record.offset) >= refill.until) break;
      if (isBackfill(record)) continue;
      const event = this.#decode(record);
      if (!(event instanceof InvalidRecordError)) refill.window.add(event);
    }
    if (nextOffset < refill.until) {
      if (refill.window.bytes > REFILL_BYTES_MAX && !(await this.#writeRefill(refill)))
        return this.#leaveRefill(refill);
      refill.next = nextOffset;
      this.#next = nextOffset;
      return;
    }
    if (!(await this.#writeRefill(refill)) || !(await this.#endRefill(refill))) return this.#leaveRefill(refill);
    this.#refill = null;
    this.#liveFrom = refill.until;
    log.info({ topic: this.#topic.name, partition: this.#partition }, "the windows are filled");
    await this.#relayLive(records, { position, nextOffset });
  }

  /** Relays, part by part, what a refill did not put into the windows: a batch may have both, and be tried again. */
  async #relayLive(
    records: readonly Record[],
    { position, nextOffset }: { position: bigint; nextOffset: bigint },
  ): Promise<void> {
    let from = greatest(position, this.#liveFrom);
    const live = records.filter(({ offset }) => BigInt(offset) >= from);
    for (let i = 0; i === 0 || i < live.length; i += PIPELINE_EVENTS) {
      const part = live.slice(i, i + PIPELINE_EVENTS);
      const [first, behind] = [live[i], live[i + PIPELINE_EVENTS]].map((record) =>
        record === undefined ? nextOffset : BigInt(record.offset),
      ) as [bigint, bigint];
      if (!(await this.#relay(part, { position: from, first, nextOffset: behind, batchEnd: nextOffset }))) return;
      from = behind;
    }
    this.#next = nextOffset;
    this.#deadLettered.clear();
  }

  /** What was written is lost, or another relay was faster: then its windows are as good. */
  async #leaveRefill({ until }: Refill): Promise<void> {
    this.#refill = null;
    await this.#followBack(until);
  }

  /**
   * The live way: decode, validate, append and publish, note the offset. All before `position` is noted. Returns false when Redis
   * is not where it was left, and the partition is read again from elsewhere.
   */
  async #relay(
    records: readonly Record[],
    {
      position,
      first,
      nextOffset,
      batchEnd,
    }: { position: bigint; first: bigint; nextOffset: bigint; batchEnd: bigint },
  ): Promise<boolean> {
    const { store, metrics } = this.#context;
    const topic = this.#topic.name;
    const since = this.#since;
    const events: StreamEvent[] = [];
    for (const record of records) {
      // What was filled in later never was news: queries tell it, streams do not.
      if (isBackfill(record)) continue;
      const event = this.#decode(record);
      const problem = event instanceof InvalidRecordError ? event.message : invalidity(event);
      if (problem === null) events.push(event as StreamEvent);
      else await this.#deadLetter(record, problem);
    }
    if (events.length > 0) {
      const appends = events.map((event) => ({ ...this.#toAppend(event), next: event.offset + 1n }));
      const outcomes = await store
        .append(this.#topic, this.#partition, appends, { next: position, since })
        .catch((error: unknown) => {
          this.#perhapsPublishedUntil = nextOffset;
          throw error;
        });
      if (outcomes.includes("LOST") || outcomes.includes("BEHIND")) this.#perhapsPublishedUntil = nextOffset;
      if (outcomes.includes("LOST")) {
        await this.#windowsLost(this.#unpublishedFrom(first, batchEnd));
        return false;
      }
      if (outcomes.includes("BEHIND")) {
        await this.#followBack(position);
        return false;
      }
      this.#publishedUntil = nextOffset;
      this.#account(events, outcomes);
    }
    const last = events.at(-1);
    const noted = last === undefined ? position : last.offset + 1n;
    const outcome = await store.setProgress(topic, this.#partition, noted, { next: nextOffset, since });
    if (outcome === "LOST") {
      await this.#windowsLost(nextOffset);
      return false;
    }
    if (outcome === "BEHIND") {
      await this.#followBack(nextOffset);
      return false;
    }
    const oldest = events[0];
    if (oldest !== undefined) metrics.age.observe(Math.max(0, Date.now() - oldest.brokerTimeMs));
    return true;
  }

  /** A batch that comes again because a part of it, or noting its end, failed was published up to there all the same. */
  #unpublishedFrom(first: bigint, batchEnd: bigint): bigint {
    const published = this.#publishedUntil;
    return published > first && published <= batchEnd ? published : first;
  }

  #toAppend(event: StreamEvent): Append {
    const { topic, channel, position, brokerTimeMs, traceparent, value, eventId } = event;
    // A batch that is tried again comes after what was appended before it, not after its own events.
    const before = this.#known
      .get(channel)
      ?.find(
        ({ epoch, id, since }) => epoch === position.epoch && since === this.#since && compareIds(id, position.id) < 0,
      );
    return {
      topic,
      channel,
      epoch: position.epoch,
      id: position.id,
      brokerTimeMs,
      traceparent,
      value,
      eventId,
      known: this.#known.has(channel),
      // Where no marker shows it: a replica may have taken over that never had the event.
      before: before ? { id: before.id, count: 0 } : null,
    };
  }

  #account(events: readonly StreamEvent[], outcomes: readonly AppendOutcome[]): void {
    const { metrics, log } = this.#context;
    const topic = this.#topic.name;
    let appended = 0;
    let duplicates = 0;
    const newest = new Map<string, Appended>();
    outcomes.forEach((outcome, i) => {
      const { channel, position, offset } = events[i]!;
      if (!this.#known.has(channel)) this.#known.set(channel, []);
      if (outcome === "APPENDED") {
        newest.set(channel, { ...position, since: this.#since });
        appended += 1;
      } else if (outcome === "DUPLICATE") duplicates += 1;
      else {
        metrics.outOfOrder.inc({ topic });
        log.error(
          { topic, partition: this.#partition, channel, position, offset: String(offset) },
          "an event is out of order and was left out",
        );
      }
    });
    for (const [channel, position] of newest) {
      const [last] = this.#known.get(channel)!;
      // What Redis lost and was given again changes nothing.
      const isNews =
        last?.epoch !== position.epoch || last.since !== position.since || compareIds(last.id, position.id) < 0;
      if (isNews) this.#known.set(channel, last ? [position, last] : [position]);
    }
    if (appended > 0) metrics.appended.inc({ topic }, appended);
    if (duplicates > 0) metrics.duplicates.inc({ topic }, duplicates);
  }

  #decode(record: Record): StreamEvent | InvalidRecordError {
    try {
      return decodeEvent(this.#topic.name, this.#partition, record, this.#context.epochs);
    } catch (error) {
      if (error instanceof InvalidRecordError) return error;
      throw error;
    }
  }

  async #deadLetter(record: Record, reason: string): Promise<void> {
    const { log, metrics, sendDeadLetter } = this.#context;
    if (this.#deadLettered.has(record.offset)) return;
    log.warn(
      { topic: this.#topic.name, partition: this.#partition, offset: record.offset, reason },
      "an invalid record goes to the dead letters",
    );
    await sendDeadLetter(this.#topic.name, this.#partition, record, reason);
    this.#deadLettered.add(record.offset);
    metrics.deadLetters.inc({ topic: this.#topic.name });
  }

  /** Redis is not as far as it was: it came back with older data, or a replica took its place. `next` is where the partition stands. */
  async #followBack(next: bigint): Promise<void> {
    const progress = await this.#context.store.progress(this.#topic.name, this.#partition);
    if (progress === null) await this.#windowsLost(next);
    else this.#goBack(next, progress);
  }

  /** What Redis forgot is appended and published again: who had it knows it by its position. */
  #goBack(from: bigint, { next, since }: Progress): void {
    const { log, metrics, seek } = this.#context;
    log.warn(
      { topic: this.#topic.name, partition: this.#partition, from: String(from), to: String(next) },
      "Redis has less than it had: it gets the rest again",
    );
    metrics.wentBack.inc({ topic: this.#topic.name });
    this.#known.clear();
    this.#since = since;
    this.#liveFrom = 0n;
    this.#next = next;
    seek(this.#topic.name, this.#partition, next);
  }

  /** Everything before `next` was published: it has to be put back in silence. */
  async #windowsLost(next: bigint): Promise<void> {
    const { log, seek } = this.#context;
    log.warn(
      { topic: this.#topic.name, partition: this.#partition },
      "Redis lost the windows: they are filled again from Kafka",
    );
    this.#known.clear();
    this.#liveFrom = 0n;
    const start = await this.#beginRefill(next);
    this.#next = start;
    seek(this.#topic.name, this.#partition, start);
  }

  async #beginRefill(until: bigint): Promise<bigint> {
    const { store, metrics } = this.#context;
    const start = await this.#refillStart(until);
    await store.beginRefill(this.#topic.name, this.#partition);
    metrics.refills.inc({ topic: this.#topic.name });
    const window = new RefillWindow(this.#topic.window!);
    const refill = { until, next: start, window, since: start, written: 0n, writing: false };
    // When this fails, the next batch finds that there is no marker.
    this.#refill = start < until || !(await this.#endRefill(refill)) ? refill : null;
    return start < until ? start : until;
  }

  /** What windows keep, by age, and by number where that is much: what is older can be read from Kafka. */
  async #refillStart(until: bigint): Promise<bigint> {
    const { offsets, offsetAt } = this.#context;
    const { low } = await offsets(this.#topic.name, this.#partition);
    const young = await offsetAt(this.#topic.name, this.#partition, Date.now() - this.#topic.window!.ageMsMax);
    return greatest(low, young, until - REFILL_RECORDS_MAX);
  }

  /** Returns false when Redis lost its data meanwhile. */
  async #writeRefill(refill: Refill): Promise<boolean> {
    const { store, metrics } = this.#context;
    // What is invalid was put into the dead letters when it was new.
    refill.writing = true;
    const entries = refill.window.take().filter(({ event }) => invalidity(event) === null);
    for (let i = 0; i < entries.length; i += PIPELINE_EVENTS) {
      const part = entries.slice(i, i + PIPELINE_EVENTS);
      const { written, since } = refill;
      const appends = part.map(({ event, before }, at) => ({
        ...this.#toAppend(event),
        known: false,
        before,
        next: written + BigInt(at) + 1n,
      }));
      const outcomes = await store.refill(this.#topic, this.#partition, appends, { next: written, since });
      if (outcomes.includes("LOST") || outcomes.includes("BEHIND")) return false;
      refill.written += BigInt(part.length);
      for (const { event } of part) this.#known.set(event.channel, []);
      metrics.refilled.inc({ topic: this.#topic.name }, part.length);
    }
    refill.writing = false;
    return true;
  }

  /** Returns false when Redis lost its data, or some of it, meanwhile. */
  async #endRefill({ written, until, since }: Refill): Promise<boolean> {
    const progress = { next: until, since };
    const outcome = await this.#context.store.endRefill(this.#topic.name, this.#partition, written, progress);
    if (outcome === "NOTED") this.#since = since;
    return outcome === "NOTED";
  }
}

function invalidity(event: StreamEvent): string | null {
  const result = validateValue(event.topic, event.value);
  return result.ok ? null : result.reason;
}
