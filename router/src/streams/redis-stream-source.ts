import type { Logger } from "@mib/service/log";
import { COMMAND_TIMEOUT_MS, endWhenSilent } from "@mib/stream-window/end-when-silent";
import { channelName, decodeMessage, type WindowEntry } from "@mib/stream-window/layout";
import { isCluster } from "@mib/stream-window/library";
import { readAfter, readLast, type WindowSlice } from "@mib/stream-window/reader";
import { within } from "@mib/stream-window/within";
import type { Cluster, Redis } from "ioredis";
import { ClusterMessages } from "./messages/cluster-messages.ts";
import { MessageConnection, type MessageListener } from "./messages/message-connection.ts";
import type { Messages } from "./messages/messages.ts";
import { clusterConnection, readConnection, streamConnection, type RedisAddress } from "./redis-connection.ts";
import type { Position, StreamListener, StreamSource } from "./stream-source.ts";

interface Wanted {
  topic: string;
  channel: string;
}

/**
 * Streams in Redis: one connection for messages and one for reading windows, whatever the number of subscribers; of a cluster as many
 * to each of its servers. While Redis is away the channels stay wanted; when it is back they are subscribed again and the listener hears so.
 */
export class RedisStreamSource implements StreamSource {
  readonly #address: RedisAddress;
  readonly #reads: Redis | Cluster;
  readonly #log: Logger;
  readonly #wanted = new Map<string, Wanted>();
  #messages: Messages | null = null;
  #unreadable = 0;
  #stopWatching = () => {};

  constructor(address: RedisAddress, log: Logger) {
    const { urls } = address;
    this.#address = address;
    this.#log = log;
    this.#reads = address.isCluster ? clusterConnection(urls, "reads") : readConnection(urls[0], "reads");
  }

  /** Connects and from then on tells the listener. Does not wait for Redis to be there. */
  start(listener: StreamListener): void {
    this.#reads.on("error", (error: Error) => this.#log.debug({ err: error, use: "reads" }, "Redis connection failed"));
    this.#stopWatching = endWhenSilent(this.#reads);
    this.#messages = this.#hear({
      subscribed: (name) => {
        const wanted = this.#wanted.get(name);
        if (wanted) listener.subscribed(wanted.topic, wanted.channel);
      },
      lost: (names) => {
        for (const name of names) {
          const wanted = this.#wanted.get(name);
          if (wanted) listener.lost(wanted);
        }
      },
      message: (name, raw) => this.#message(listener, name, raw),
      returned: () => listener.returned(),
      moved() {},
    });
    this.#reads.connect().catch(() => {}); // it tries again by itself; "error" has told why
  }

  /** Whether all of Redis is there. */
  get connected(): boolean {
    return this.#messages?.isReady === true && this.#reads.status === "ready";
  }

  /** Whether none of a channel's messages is missed now, and its window can be read. */
  hears(topic: string, channel: string): boolean {
    return this.#reads.status === "ready" && this.#messages?.hears(channelName(topic, channel)) === true;
  }

  /** Messages that were no stream messages: somebody else publishes on these channels. */
  get unreadable(): number {
    return this.#unreadable;
  }

  subscribe(topic: string, channel: string): void {
    const name = channelName(topic, channel);
    this.#wanted.set(name, { topic, channel });
    this.#messages?.subscribe(name);
  }

  unsubscribe(topic: string, channel: string): void {
    const name = channelName(topic, channel);
    this.#wanted.delete(name);
    this.#messages?.unsubscribe(name);
  }

  readLast(topic: string, channel: string): Promise<WindowEntry | null> {
    return within(COMMAND_TIMEOUT_MS, readLast(this.#reads, topic, channel));
  }

  readAfter(topic: string, channel: string, position: Position, limit: number): Promise<WindowSlice> {
    return within(COMMAND_TIMEOUT_MS, readAfter(this.#reads, topic, channel, position, limit));
  }

  async ping(): Promise<void> {
    await within(COMMAND_TIMEOUT_MS, this.#reads.ping());
  }

  close(): void {
    this.#stopWatching();
    this.#messages?.close();
    this.#reads.disconnect();
  }

  #hear(listener: MessageListener): Messages {
    const log = this.#log;
    const { urls } = this.#address;
    if (isCluster(this.#reads)) return new ClusterMessages(urls, { cluster: this.#reads, listener, log });
    return new MessageConnection(streamConnection(urls[0], "messages"), { isSharded: false, listener, log });
  }

  #message(listener: StreamListener, name: string, raw: string): void {
    const wanted = this.#wanted.get(name);
    if (!wanted) return;
    let entry: WindowEntry;
    try {
      entry = decodeMessage(raw);
    } catch {
      this.#unreadable += 1;
      return;
    }
    listener.message(wanted.topic, wanted.channel, entry);
  }
}
