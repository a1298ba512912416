import type { KafkaClient } from "@mib/events/kafka";
import { TOPICS } from "@mib/events/topics";
import type { Logger } from "@mib/service/log";
import type { WindowEntry } from "@mib/stream-window/layout";
import type { PastEvents, Position, StreamHistory } from "../stream-source.ts";
import type { HistoryRequest } from "./channel-search.ts";
import { searchHistory } from "./history-search.ts";
import { ReadLimitError, TopicLog, type ReadLimits } from "./topic-log.ts";

export interface HistoryLimits extends ReadLimits {
  /** Requests that wait or are answered at the same time. */
  requestsMax: number;
  /** Memory for answers that are not released yet. */
  heldBytesMax: number;
  /** For so long a request waits, its turn included. */
  timeoutMs: number;
}

export interface HistoryObserver {
  /** A request was answered, with so many events; null: it could not be, as a whole or in time. */
  historyRead(events: number | null): void;
}

interface Waiting extends HistoryRequest {
  /** It was read together with others, and that was too much. */
  alone: boolean;
  settle(events: WindowEntry[] | null): void;
  settled: boolean;
}

/** What an event takes beside its value. */
const EVENT_BYTES = 400;
/** Requests whose windows begin so close to one another are answered by one search. */
const TOGETHER_MS = 600_000;

/**
 * Reads Kafka for whoever goes on from further back than the windows reach: one search at a time in a process, for all
 * requests of a topic that wait meanwhile. What can't be answered as a whole, for whatever reason, is not answered.
 */
export class KafkaHistory implements StreamHistory {
  readonly #kafka: KafkaClient;
  readonly #limits: HistoryLimits;
  readonly #observer: HistoryObserver;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  readonly #waiting = new Set<Waiting>();
  #running = false;
  #heldBytes = 0;

  constructor(kafka: KafkaClient, limits: HistoryLimits, observer: HistoryObserver, log: Logger) {
    this.#kafka = kafka;
    this.#limits = limits;
    this.#observer = observer;
    this.#log = log;
  }

  between(
    { topic, name }: { topic: string; name: string },
    after: Position,
    before: WindowEntry,
    eventsMax: number,
  ): Promise<PastEvents | null> {
    const isKnown = TOPICS.some((known) => known.name === topic);
    if (!isKnown || this.#waiting.size >= this.#limits.requestsMax || this.#closing.signal.aborted) {
      this.#observer.historyRead(null);
      return Promise.resolve(null);
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => waiting.settle(null), this.#limits.timeoutMs);
      const waiting: Waiting = {
        topic,
        channel: name,
        after,
        before,
        eventsMax,
        alone: false,
        settled: false,
        settle: (events) => {
          if (waiting.settled) return;
          clearTimeout(timer);
          waiting.settled = true;
          this.#waiting.delete(waiting);
          const held = events && this.#hold(events);
          this.#observer.historyRead(held && held.events.length);
          resolve(held);
        },
      };
      this.#waiting.add(waiting);
      if (!this.#running) void this.#run();
    });
  }

  close(): void {
    this.#closing.abort(new Error("the router stops"));
    for (const waiting of this.#waiting) waiting.settle(null);
  }

  /** Null where there is no room. */
  #hold(events: readonly WindowEntry[]): PastEvents | null {
    let bytes = events.reduce((sum, { value }) => sum + value.length + EVENT_BYTES, 0);
    if (this.#heldBytes + bytes > this.#limits.heldBytesMax) return null;
    this.#heldBytes += bytes;
    const release = () => {
      this.#heldBytes -= bytes;
      bytes = 0;
    };
    return { events, release };
  }

  async #run(): Promise<void> {
    this.#running = true;
    // Those that come in the same turn are read together.
    await Promise.resolve();
    for (let some = this.#next(); some.length > 0; some = this.#next()) {
      try {
        await this.#search(some);
      } catch (error) {
        const open = some.filter(({ settled }) => !settled);
        const mayHelp = error instanceof ReadLimitError && some.length > 1;
        this.#log.warn({ err: error, topic: some[0]!.topic, requests: open.length }, "reading history failed");
        for (const waiting of open) {
          if (mayHelp) waiting.alone = true;
          else waiting.settle(null);
        }
      }
    }
    this.#running = false;
  }

  #next(): Waiting[] {
    const [first] = this.#waiting;
    if (first === undefined || first.alone) return first === undefined ? [] : [first];
    return [...this.#waiting].filter(
      ({ topic, alone, after, before }) =>
        topic === first.topic &&
        after.epoch === first.after.epoch &&
        !alone &&
        Math.abs(before.brokerTimeMs - first.before.brokerTimeMs) <= TOGETHER_MS,
    );
  }

  async #search(some: readonly Waiting[]): Promise<void> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(this.#limits.timeoutMs)]);
    const log = new TopicLog(this.#kafka, some[0]!.topic, { limits: this.#limits, log: this.#log, signal });
    try {
      await log.connect();
      await searchHistory(log, some, (request, events) => (request as Waiting).settle(events));
    } finally {
      log.close();
    }
  }
}
