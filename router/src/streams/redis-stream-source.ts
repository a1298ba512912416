import type { Logger } from "@mib/service/log";
import { endWhenSilent } from "@mib/stream-window/end-when-silent";
import { channelName, decodeMessage, type WindowEntry } from "@mib/stream-window/layout";
import { readAfter, readLast, type WindowSlice } from "@mib/stream-window/reader";
import type { Redis } from "ioredis";
import { readConnection, streamConnection } from "./redis-connection.ts";
import type { Position, StreamListener, StreamSource } from "./stream-source.ts";

interface Wanted {
  topic: string;
  channel: string;
  /** Tells the confirmation of the latest SUBSCRIBE from one that an UNSUBSCRIBE has overtaken. */
  request: number;
}

/** Channels named by one SUBSCRIBE. */
const CHANNELS_PER_COMMAND = 200;

/**
 * Streams in Redis: one connection for messages and one for reading windows, whatever the number of subscribers. While
 * Redis is away the channels stay wanted; when it is back they are subscribed again and the listener hears so.
 */
export class RedisStreamSource implements StreamSource {
  readonly #messages: Redis;
  readonly #reads: Redis;
  readonly #log: Logger;
  readonly #wanted = new Map<string, Wanted>();
  #listener: StreamListener | null = null;
  #requests = 0;
  #ready = false;
  #wasAway = false;
  #toSubscribe: string[] = [];
  #unreadable = 0;
  #stopWatching: (() => void)[] = [];

  constructor(url: string, log: Logger) {
    this.#log = log;
    this.#messages = streamConnection(url, "messages");
    this.#reads = readConnection(url, "reads");
  }

  /** Connects and from then on tells the listener. Does not wait for Redis to be there. */
  start(listener: StreamListener): void {
    this.#listener = listener;
    this.#messages.on("ready", () => {
      this.#ready = true;
      if (this.#wasAway) {
        this.#wasAway = false;
        this.#log.info("Redis is back");
        listener.returned();
      }
      this.#toSubscribe = [...this.#wanted.keys()];
      this.#flush();
    });
    this.#messages.on("close", () => {
      if (!this.#ready) return;
      this.#ready = false;
      this.#wasAway = true;
      this.#toSubscribe = [];
      this.#log.warn("Redis is away: streams stand still until it is back");
      listener.lost();
    });
    this.#messages.on("message", (name: string, raw: string) => this.#message(name, raw));
    for (const [connection, use] of [
      [this.#messages, "messages"],
      [this.#reads, "reads"],
    ] as const) {
      connection.on("error", (error: Error) => this.#log.debug({ err: error, use }, "Redis connection failed"));
      this.#stopWatching.push(endWhenSilent(connection));
      connection.connect().catch(() => {}); // it tries again by itself; "error" has told why
    }
  }

  get connected(): boolean {
    return this.#ready && this.#reads.status === "ready";
  }

  /** Messages that were no stream messages: somebody else publishes on these channels. */
  get unreadable(): number {
    return this.#unreadable;
  }

  subscribe(topic: string, channel: string): void {
    const name = channelName(topic, channel);
    this.#wanted.set(name, { topic, channel, request: 0 });
    if (!this.#ready) return;
    if (this.#toSubscribe.length === 0) queueMicrotask(() => this.#flush());
    this.#toSubscribe.push(name);
  }

  unsubscribe(topic: string, channel: string): void {
    const name = channelName(topic, channel);
    this.#wanted.delete(name);
    // One that waits to be subscribed is left out by the flush, since it is no longer wanted.
    if (this.#ready) this.#messages.unsubscribe(name).catch(() => {}); // the connection is gone, and the subscription with it
  }

  readLast(topic: string, channel: string): Promise<WindowEntry | null> {
    return readLast(this.#reads, topic, channel);
  }

  readAfter(topic: string, channel: string, position: Position, limit: number): Promise<WindowSlice> {
    return readAfter(this.#reads, topic, channel, position, limit);
  }

  async ping(): Promise<void> {
    await this.#reads.ping();
  }

  close(): void {
    this.#ready = false;
    for (const stop of this.#stopWatching) stop();
    this.#messages.disconnect();
    this.#reads.disconnect();
  }

  /** Channels that were asked for in one turn go out in one command. */
  #flush(): void {
    const names = this.#toSubscribe.filter((name) => this.#wanted.has(name));
    this.#toSubscribe = [];
    for (let start = 0; start < names.length; start += CHANNELS_PER_COMMAND) {
      const some = names.slice(start, start + CHANNELS_PER_COMMAND);
      this.#requests += 1;
      const request = this.#requests;
      for (const name of some) this.#wanted.get(name)!.request = request;
      this.#messages.subscribe(...some).then(
        () => this.#confirm(some, request),
        () => {}, // the connection is gone: "ready" subscribes again
      );
    }
  }

  #confirm(names: readonly string[], request: number): void {
    for (const name of names) {
      const wanted = this.#wanted.get(name);
      if (wanted?.request === request) this.#listener!.subscribed(wanted.topic, wanted.channel);
    }
  }

  #message(name: string, raw: string): void {
    const wanted = this.#wanted.get(name);
    if (!wanted) return;
    let entry: WindowEntry;
    try {
      entry = decodeMessage(raw);
    } catch {
      this.#unreadable += 1;
      return;
    }
    this.#listener!.message(wanted.topic, wanted.channel, entry);
  }
}
