import { setTimeout as sleep } from "node:timers/promises";
import { appendEvents } from "@mib/stream-window/append-function";
import { loadLibrary } from "@mib/stream-window/library";
import { markWhole } from "@mib/stream-window/progress";
import { Redis } from "ioredis";
import type { StreamKind } from "../../../router/src/supergraph/streamed-directive.ts";
import { type BenchTopic, streamKey } from "./streams-bench.ts";

const PAYLOAD_BYTES = 200;
/** Events that the window, or the stream, keeps. */
const KEPT = 1_000;

/** Publishes events of one channel as the relay does, or adds them to a stream as a service does. */
export class Publisher {
  readonly #redis: Redis;
  readonly #topic: string;
  readonly #source: StreamKind;
  #sequence = Date.now() * 1_000;

  private constructor(redis: Redis, topic: string, source: StreamKind) {
    this.#redis = redis;
    this.#topic = topic;
    this.#source = source;
  }

  static async connect({ redisUrl, topic, source = "KAFKA" }: BenchTopic): Promise<Publisher> {
    const redis = new Redis(redisUrl);
    await loadLibrary(redis);
    await markWhole(redis, topic, []);
    return new Publisher(redis, topic, source);
  }

  async publish(): Promise<void> {
    this.#sequence += 1;
    const at = String(performance.timeOrigin + performance.now());
    const tick = { id: String(this.#sequence), price: "64250.1", size: "0.5", at, note: "" };
    tick.note = "n".repeat(Math.max(0, PAYLOAD_BYTES - JSON.stringify({ data: { ticks: tick } }).length));
    if (this.#source === "REDIS") {
      await this.#redis.xadd(streamKey(this.#topic), "MAXLEN", "~", KEPT, "*", "value", JSON.stringify(tick));
      return;
    }
    const event = {
      topic: this.#topic,
      channel: "S",
      epoch: "bench",
      id: `${this.#sequence}-0`,
      brokerTimeMs: Date.now(),
      traceparent: null,
      value: JSON.stringify(tick),
    };
    await appendEvents(this.#redis, [event], {
      limits: { entriesMax: KEPT, bytesMax: 10_000_000, ageMsMax: 60_000 },
      publish: "PUBLISH",
    });
  }

  async publishFor(seconds: number, eventsPerSecond: number): Promise<void> {
    const end = performance.now() + seconds * 1_000;
    let due = performance.now();
    while (performance.now() < end) {
      await this.publish();
      due += 1_000 / eventsPerSecond;
      await sleep(Math.max(0, due - performance.now()));
    }
  }

  /** Publishes as fast as all subscriptions take it, never more than so many events ahead of what they have received. */
  async publishAhead(
    seconds: number,
    eventsAhead: number,
    { subscriptions, received }: { subscriptions: number; received: () => number },
  ): Promise<void> {
    const end = performance.now() + seconds * 1_000;
    const start = received();
    for (let published = 0; performance.now() < end;) {
      if (published - (received() - start) / subscriptions >= eventsAhead) {
        await sleep(1);
        continue;
      }
      await this.publish();
      published += 1;
    }
  }

  /** Publishes until an event has reached all of so many subscriptions, of which `received` tells how many events came. */
  async untilAllHear(subscriptions: number, received: () => number, deadlineMs = 60_000): Promise<void> {
    const end = Date.now() + deadlineMs;
    for (let start = 0; received() - start < subscriptions;) {
      if (Date.now() > end) throw new Error(`not all of ${subscriptions} subscriptions got an event`);
      start = received();
      await this.publish();
      for (let waited = 0; waited < 2_000 && received() - start < subscriptions; waited += 50) await sleep(50);
    }
  }

  close(): void {
    this.#redis.disconnect();
  }
}

/** When an event was published, in ms since 1970 with fractions. */
export function publishedAt(data: Buffer): number {
  const at = data.indexOf('"at":"') + 6;
  return Number(data.toString("latin1", at, data.indexOf('"', at)));
}

/** The clock of `publishedAt`. */
export const preciseNow = (): number => performance.timeOrigin + performance.now();
