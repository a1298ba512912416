import { setTimeout as delay } from "node:timers/promises";
import { createKafka, type KafkaSettings } from "@mib/events/kafka";
import { createEventProducer } from "@mib/events/producer";
import { CodedError } from "@mib/service/coded-error";
import type { Feed, FeedContext } from "../feed.ts";
import { linesOf } from "../replay/capture.ts";
import { Pace, type Speed } from "../replay/pace.ts";
import { type IngestItem, readItem, type Surroundings } from "./ingest-item.ts";
import { INGEST_KINDS, type IngestKindName, kindNamed } from "./ingest-kind.ts";
import { followMemory, IngestMemory, type MemoryReaderOptions } from "./ingest-memory.ts";
import { sendItem } from "./send-item.ts";

export interface ItemsFeedOptions {
  file: string;
  speed: Speed;
  /** What happened before is told at once, and the pace begins here. Null: at the beginning. */
  fromNanos: bigint | null;
  kafka: KafkaSettings;
  /** The topics' names at the broker, where they are not their own; for tests. */
  topics?: MemoryReaderOptions["topics"];
  topicOf?(kind: IngestKindName): string;
}

/** A line of a file of items. */
interface Line {
  number: number;
  kind: IngestKindName;
  item: unknown;
}

/** Sent together: more than that waits for Kafka at no time. */
const BATCH_MAX = 500;
const RETRY_MS = 1_000;

/**
 * Tells the items of a file, a line each, as if they were given in now: in their order, at their pace, with the same checks and
 * the same dead letters. Their ids come of what they say, so a file that is told again counts once.
 */
export class ItemsFeed implements Feed {
  readonly name = "items";
  readonly #options: ItemsFeedOptions;

  constructor(options: ItemsFeedOptions) {
    this.#options = options;
  }

  async run(context: FeedContext): Promise<void> {
    const { log, metrics, signal } = context;
    const { file, speed, fromNanos, kafka, topics, topicOf = (kind) => INGEST_KINDS[kind].topic } = this.#options;
    const client = createKafka(kafka, "mib-items", log);
    const producer = createEventProducer({ kafka: client, log });
    const memory = new IngestMemory();
    const reader = await followMemory({ kafka: client, log, memory, signal, ...(topics && { topics }) });
    const pace = new Pace(speed);
    const counts = { accepted: 0, rejected: 0, unreadable: 0 };
    let batch: Line[] = [];
    const flush = async () => {
      const lines = batch;
      batch = [];
      const around = { sensors: memory.sensors, beingDefined: new Set<string>(), nowMs: Date.now() };
      await Promise.all(lines.map((line) => tell(line, around)));
    };
    const leaveOut = (number: number, reason: string) => {
      counts.unreadable += 1;
      metrics.badMessages.inc();
      log.warn({ line: number, reason }, "a line is left out");
    };
    const tell = async ({ number, kind, item }: Line, around: Surroundings) => {
      const read = readOrReason(kind, item, around);
      if (typeof read === "string") return leaveOut(number, read);
      const way = { producer, memory, kind, topic: topicOf(kind), givenBy: "file" };
      const problem = await untilKafkaHasIt(() => sendItem(read, way), context);
      if (problem === null) {
        counts.accepted += 1;
        metrics.itemsAccepted.inc({ kind });
      } else {
        counts.rejected += 1;
        metrics.itemsRejected.inc({ kind });
      }
    };
    try {
      let number = 0;
      for await (const text of linesOf(file)) {
        signal.throwIfAborted();
        number += 1;
        if (text.trim() === "") continue;
        const line = lineOf(text, number);
        if (line === null) {
          leaveOut(number, "it is no item of a kind");
          continue;
        }
        const atNanos = timeOf(line);
        const isPaced = atNanos !== null && speed !== "max" && (fromNanos === null || atNanos >= fromNanos);
        // What was to be told before it is told before it waits; and readings are bound to sensors that are known.
        if (batch.length >= BATCH_MAX || (isPaced && pace.dueInMs(atNanos) >= 1) || startsAnew(batch, line))
          await flush();
        if (isPaced) await pace.wait(atNanos, signal);
        batch.push(line);
      }
      await flush();
      log.info(counts, "the file has been told");
    } finally {
      await producer.stop();
      await reader.stop();
    }
  }
}

/** The same may be there twice then: its id makes it one. */
async function untilKafkaHasIt<Result>(send: () => Promise<Result>, { log, signal }: FeedContext): Promise<Result> {
  for (;;) {
    try {
      return await send();
    } catch (error) {
      if (signal.aborted) throw error;
      log.warn({ reason: (error as Error).message, retryMs: RETRY_MS }, "items wait for Kafka");
      await delay(RETRY_MS, undefined, { signal });
    }
  }
}

/** An item that can't even be put aside is one of its own, as if its line could not be read. */
function readOrReason(kind: IngestKindName, item: unknown, around: Surroundings): IngestItem | string {
  try {
    return readItem(kind, item, around);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return error.message;
  }
}

function lineOf(text: string, number: number): Line | null {
  try {
    const { kind, item } = JSON.parse(text) as Partial<Line>;
    return typeof kind === "string" && Object.hasOwn(INGEST_KINDS, kind) ? { number, kind, item } : null;
  } catch {
    return null;
  }
}

/** When it happened; null for what has no time, or one that will be refused. */
function timeOf({ kind, item }: Line): bigint | null {
  const { time } = kindNamed(kind);
  const at = time === null ? undefined : (item as Record<string, unknown> | null)?.[time];
  const ms = typeof at === "string" ? Date.parse(at) : Number.NaN;
  return Number.isNaN(ms) ? null : BigInt(ms) * 1_000_000n;
}

/** Sensors and readings are not sent together. */
function startsAnew(batch: readonly Line[], { kind }: Line): boolean {
  const last = batch.at(-1)?.kind;
  return last !== undefined && last !== kind && (last === "sensors" || kind === "sensors");
}
