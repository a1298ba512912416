import type { Urls } from "@mib/service/config";
import type { Logger } from "@mib/service/log";
import type { Cluster } from "ioredis";
import { nodeConnection } from "../redis-connection.ts";
import { MessageConnection, type MessageListener } from "./message-connection.ts";
import type { Messages } from "./messages.ts";
import { slotOf } from "./slot-of.ts";

/** So often it is looked which server has which slot; at once when a server shows that it is not what it was. */
const LOOK_MS = 2_000;
/** Several signs that something has changed are one. */
const LOOK_AFTER_MS = 50;

/**
 * Messages of Redis Cluster by sharded pub/sub: one connection to each server that has slots, and each channel on that of its slot.
 * ioredis has subscribers for this of its own; they do not tell which channels were lost, nor when they are heard again.
 */
export class ClusterMessages implements Messages {
  readonly #urls: Urls;
  readonly #cluster: Cluster;
  readonly #listener: MessageListener;
  readonly #log: Logger;
  /** The server that each channel is heard from, as `host:port`; null where none is known. */
  readonly #nodeOf = new Map<string, string | null>();
  readonly #connections = new Map<string, MessageConnection>();
  readonly #looking: NodeJS.Timeout;
  #willLook: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(urls: Urls, { cluster, listener, log }: { cluster: Cluster; listener: MessageListener; log: Logger }) {
    this.#urls = urls;
    this.#cluster = cluster;
    this.#listener = { ...listener, moved: () => this.#lookSoon() };
    this.#log = log;
    cluster.on("refresh", () => this.#assign());
    this.#looking = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  get isReady(): boolean {
    return this.#cluster.status === "ready" && this.#connections.values().every(({ isReady }) => isReady);
  }

  hears(name: string): boolean {
    return this.#connectionOf(name)?.hears(name) ?? false;
  }

  subscribe(name: string): void {
    this.#nodeOf.set(name, null);
    this.#place(name);
  }

  unsubscribe(name: string): void {
    this.#connectionOf(name)?.unsubscribe(name);
    this.#nodeOf.delete(name);
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#looking);
    if (this.#willLook) clearTimeout(this.#willLook);
    for (const connection of this.#connections.values()) connection.close();
  }

  #lookSoon(): void {
    this.#willLook ??= setTimeout(() => {
      this.#willLook = null;
      this.#look();
    }, LOOK_AFTER_MS);
  }

  #look(): void {
    if (this.#cluster.status !== "ready") return;
    this.#cluster.refreshSlotsCache((error) => {
      if (error) this.#log.debug({ err: error }, "the servers of the cluster do not say where its slots are");
    });
  }

  /** Moves channels to where their slots are now, and has each connection ask again for what it was refused. */
  #assign(): void {
    if (this.#isClosed) return;
    for (const name of this.#nodeOf.keys()) this.#place(name);
    const owners = new Set(this.#cluster.slots.map((nodes) => nodes?.[0]));
    for (const [node, connection] of this.#connections) {
      if (owners.has(node)) connection.askAgain();
      else {
        connection.close();
        this.#connections.delete(node);
      }
    }
  }

  #place(name: string): void {
    const before = this.#nodeOf.get(name)!;
    const node = this.#cluster.slots[slotOf(name)]?.[0] ?? before;
    if (node === null || (node === before && this.#connections.has(node))) return;
    if (before !== null) {
      this.#connections.get(before)?.forget(name);
      this.#listener.lost([name]);
    }
    this.#nodeOf.set(name, node);
    this.#connectionTo(node).subscribe(name);
  }

  #connectionOf(name: string): MessageConnection | undefined {
    return this.#connections.get(this.#nodeOf.get(name) ?? "");
  }

  #connectionTo(node: string): MessageConnection {
    let connection = this.#connections.get(node);
    if (!connection) {
      connection = new MessageConnection(nodeConnection(this.#urls, node, "messages"), {
        isSharded: true,
        listener: this.#listener,
        log: this.#log.child({ node }),
      });
      this.#connections.set(node, connection);
    }
    return connection;
  }
}
