import { setTimeout as delay } from "node:timers/promises";
import type { PublishedEvent } from "../check/history.ts";
import { type TestChannel, valueOf } from "./channels.ts";
import type { PublishingWay } from "./way.ts";

const TICK_MS = 20;
/** What is caught up with at once after Kafka was away. */
const EVENTS_PER_TICK_MAX = 200;
const RETRY_MS = 200;
const REPEATED = 50;

interface Progress {
  channel: TestChannel;
  way: PublishingWay;
  /** Events that are acknowledged. */
  sent: number;
  /** Fractions of an event that the rate has brought. */
  due: number;
  events: PublishedEvent[];
}

/**
 * Publishes as the platform's producers do, and is the truth about what was published: an event counts from the moment that it is
 * first sent, and is sent again until it is acknowledged, before any later one of its channel.
 */
export class Publisher {
  readonly #progress: Progress[];
  readonly #epoch: string;
  #isPaused = false;
  #stopped = false;
  #repeats = false;
  #running: Promise<void> = Promise.resolve();

  constructor(ways: ReadonlyMap<PublishingWay, readonly TestChannel[]>, epoch: string) {
    this.#progress = [...ways].flatMap(([way, channels]) =>
      channels.map((channel) => ({ channel, way, sent: 0, due: 0, events: [] })),
    );
    this.#epoch = epoch;
  }

  /** Publishes at the channels' rates until it is paused. */
  start(): void {
    this.#isPaused = false;
    this.#running = this.#run();
  }

  /** Resolves when all that was sent is acknowledged. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.#running;
  }

  /** One more event in every channel, or only in those whose last one may be lost; only while it is paused. */
  async publishOneEach({ mayLose = false } = {}): Promise<void> {
    const some = this.#progress.filter(({ way }) => way.mayLose || !mayLose);
    await this.#send(some.map((progress) => ({ progress, count: 1 })));
  }

  /** Sends the newest events once more, as a producer does that crashed before it had noted that they were sent. */
  repeat(): void {
    this.#repeats = true;
  }

  get eventCount(): number {
    return this.#progress.reduce((sum, { sent }) => sum + sent, 0);
  }

  lastOf(channelKey: string): string | null {
    return this.#progress.find(({ channel }) => channel.key === channelKey)?.events.at(-1)?.id ?? null;
  }

  /** What was published, as histories want it; from now on nothing before the last event of each channel is kept. */
  takePublished(): Map<string, PublishedEvent[]> {
    const published = new Map(this.#progress.map(({ channel, events }) => [channel.key, events]));
    for (const progress of this.#progress) progress.events = progress.events.slice(-1);
    return published;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.pause();
    await Promise.all([...new Set(this.#progress.map(({ way }) => way))].map((way) => way.stop()));
  }

  async #run(): Promise<void> {
    let before = performance.now();
    while (!this.#isPaused) {
      await delay(TICK_MS);
      const now = performance.now();
      for (const progress of this.#progress)
        progress.due += ((now - before) / 1_000) * progress.channel.eventsPerSecond;
      before = now;
      const batch = this.#progress.map((progress) => {
        const count = Math.min(Math.floor(progress.due), EVENTS_PER_TICK_MAX);
        progress.due = Math.min(progress.due - count, EVENTS_PER_TICK_MAX);
        return { progress, count };
      });
      if (this.#repeats) await this.#sendAgain();
      await this.#send(batch);
    }
  }

  async #send(batch: readonly { progress: Progress; count: number }[]): Promise<void> {
    for (const { progress, count } of batch)
      for (let n = progress.sent + 1; n <= progress.sent + count; n++)
        progress.events.push({ id: String(n), epoch: this.#epoch, value: valueOf(n) });
    await Promise.all(batch.map(({ progress, count }) => this.#untilAcknowledged(progress, progress.sent + 1, count)));
    for (const { progress, count } of batch) progress.sent += count;
  }

  async #sendAgain(): Promise<void> {
    this.#repeats = false;
    const repeatable = this.#progress.filter(({ way }) => way.repeats);
    await Promise.all(
      repeatable.map((progress) => {
        const count = Math.min(progress.sent, REPEATED);
        return this.#untilAcknowledged(progress, progress.sent - count + 1, count);
      }),
    );
  }

  /** A send that failed may have arrived all the same: then it is there twice. */
  async #untilAcknowledged({ channel, way }: Progress, first: number, count: number): Promise<void> {
    if (count === 0) return;
    for (;;) {
      try {
        await way.send(channel, first, count);
        return;
      } catch (error) {
        if (this.#stopped) throw new Error("what was published was not taken until the end", { cause: error });
        await delay(RETRY_MS);
      }
    }
  }
}
