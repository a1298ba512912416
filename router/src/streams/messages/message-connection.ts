import type { Logger } from "@mib/service/log";
import { endWhenSilent } from "@mib/stream-window/end-when-silent";
import type { Redis } from "ioredis";
import { slotOf } from "./slot-of.ts";

/** Channels named by one SUBSCRIBE. */
const CHANNELS_PER_COMMAND = 200;
/** A connection that was not asked for what it said is made anew, at most so often. */
const DISTRUST_MS = 500;

/** Who is told what a connection hears. */
export interface MessageListener {
  /** None of the channel's messages from now on is missed. */
  subscribed(name: string): void;
  message(name: string, raw: string): void;
  /** Messages may be missed until `subscribed` is told of each channel. */
  lost(names: Iterable<string>): void;
  /** It is there again after it was away. */
  returned(): void;
  /** Some of the channels may be another server's by now. */
  moved(): void;
}

/** One from being wanted until it no longer is: an answer that an UNSUBSCRIBE has overtaken is one to another. */
interface Wanted {
  name: string;
  state: "WAITING" | "ASKED" | "REFUSED" | "CONFIRMED";
}

/**
 * One connection for messages, whatever the number of channels. While it is away they stay wanted; when it is back they are
 * subscribed again and the listener hears so. To a server of a cluster (`isSharded`) it is for the channels whose slots are there.
 */
export class MessageConnection {
  readonly #redis: Redis;
  readonly #isSharded: boolean;
  readonly #listener: MessageListener;
  readonly #log: Logger;
  readonly #wanted = new Map<string, Wanted>();
  readonly #stopWatching: () => void;
  /** Commands without an answer, oldest first: Redis answers them in that order. */
  readonly #asked = new Set<readonly Wanted[]>();
  #isReady = false;
  #wasAway = false;
  #toSubscribe: string[] = [];
  #distrusted: NodeJS.Timeout | null = null;

  constructor(
    redis: Redis,
    { isSharded, listener, log }: { isSharded: boolean; listener: MessageListener; log: Logger },
  ) {
    this.#redis = redis;
    this.#isSharded = isSharded;
    this.#listener = listener;
    this.#log = log;
    redis.on("ready", () => this.#ready());
    redis.on("close", () => this.#closed());
    redis.on("error", (error: Error) => this.#failed(error));
    redis.on("moved", () => this.#moved());
    redis.on(isSharded ? "smessage" : "message", (name: string, raw: string) => listener.message(name, raw));
    this.#stopWatching = endWhenSilent(redis);
    redis.connect().catch(() => {}); // it tries again by itself; "error" has told why
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  hears(name: string): boolean {
    return this.#isReady && this.#wanted.get(name)?.state === "CONFIRMED";
  }

  subscribe(name: string): void {
    this.#wanted.set(name, { name, state: "WAITING" });
    if (this.#isReady) this.#request(name);
  }

  unsubscribe(name: string): void {
    // One that waits to be subscribed is left out by the flush, since it is no longer wanted.
    if (!this.#wanted.delete(name) || !this.#isReady) return;
    const done = this.#isSharded ? this.#redis.sunsubscribe(name) : this.#redis.unsubscribe(name);
    done.catch(() => {}); // the connection is gone, and the subscription with it
  }

  /** Leaves a channel that is another server's now: this one has ended the subscription itself. */
  forget(name: string): void {
    this.#wanted.delete(name);
  }

  /** Asks again for what was refused. */
  askAgain(): void {
    if (!this.#isReady) return;
    for (const wanted of this.#wanted.values()) {
      if (wanted.state !== "REFUSED") continue;
      wanted.state = "WAITING";
      this.#request(wanted.name);
    }
  }

  close(): void {
    this.#isReady = false;
    this.#stopWatching();
    if (this.#distrusted) clearTimeout(this.#distrusted);
    this.#redis.disconnect();
  }

  #ready(): void {
    this.#isReady = true;
    if (this.#wasAway) {
      this.#wasAway = false;
      this.#log.info("Redis is back");
      this.#listener.returned();
    }
    this.#toSubscribe = [...this.#wanted.keys()];
    this.#flush();
  }

  #closed(): void {
    if (this.#distrusted) clearTimeout(this.#distrusted);
    this.#distrusted = null;
    if (!this.#isReady) return;
    this.#isReady = false;
    this.#wasAway = true;
    this.#toSubscribe = [];
    this.#asked.clear();
    for (const wanted of this.#wanted.values()) wanted.state = "WAITING";
    this.#log.warn("Redis is away: streams stand still until it is back");
    this.#listener.lost(this.#wanted.keys());
    this.#listener.moved();
  }

  /**
   * On a connection that is open an answer that belongs to nothing is how it shows that the server ended subscriptions, because a slot has left it.
   * What was confirmed meanwhile may have been no confirmation.
   */
  #failed(error: Error): void {
    this.#log.debug({ err: error, use: "messages" }, "Redis connection failed");
    if (!this.#isSharded || !this.#isReady || this.#distrusted) return;
    this.#distrusted = setTimeout(() => this.#redis.stream.destroy(), DISTRUST_MS);
    this.#listener.moved();
  }

  /** ioredis gives a SSUBSCRIBE that was refused with MOVED no answer: it is the oldest, once those are known that were answered before it. */
  #moved(): void {
    setImmediate(() => {
      const [oldest] = this.#asked;
      if (oldest) this.#refused(oldest);
    });
    this.#listener.moved();
  }

  #request(name: string): void {
    if (this.#toSubscribe.length === 0) queueMicrotask(() => this.#flush());
    this.#toSubscribe.push(name);
  }

  /** Channels that were asked for in one turn go out in one command; in a cluster those of one slot. */
  #flush(): void {
    const names = this.#toSubscribe.filter((name) => this.#wanted.has(name));
    this.#toSubscribe = [];
    const groups = this.#isSharded ? Map.groupBy(names, slotOf).values() : [names];
    for (const group of groups) {
      for (let start = 0; start < group.length; start += CHANNELS_PER_COMMAND)
        this.#send(group.slice(start, start + CHANNELS_PER_COMMAND));
    }
  }

  #send(names: readonly string[]): void {
    const asked = names.map((name) => this.#wanted.get(name)!);
    for (const wanted of asked) wanted.state = "ASKED";
    this.#asked.add(asked);
    const sent = this.#isSharded ? this.#redis.ssubscribe(...names) : this.#redis.subscribe(...names);
    sent.then(
      () => this.#confirmed(asked),
      () => this.#refused(asked), // or the connection is gone
    );
  }

  #confirmed(asked: readonly Wanted[]): void {
    if (!this.#asked.delete(asked)) return;
    for (const wanted of asked) {
      if (this.#wanted.get(wanted.name) !== wanted) continue;
      wanted.state = "CONFIRMED";
      this.#listener.subscribed(wanted.name);
    }
  }

  #refused(asked: readonly Wanted[]): void {
    if (!this.#asked.delete(asked)) return;
    for (const wanted of asked) wanted.state = "REFUSED";
  }
}
