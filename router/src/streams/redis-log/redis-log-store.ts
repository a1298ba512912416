import type { Logger } from "@mib/service/log";
import { endWhenSilent } from "@mib/stream-window/end-when-silent";
import type { Redis } from "ioredis";
import { readConnection } from "../redis-connection.ts";
import type { LogEntry, LogPage, LogState } from "./log-page.ts";
import type { LogListener, LogStore, Watched } from "./log-store.ts";
import { LogWaiter } from "./log-waiter.ts";

/** Streams that one connection waits for: each of them costs Redis 0.7 µs whenever one of them has news. */
const WATCHED_MAX = 1_000;

/**
 * Streams in Redis: one connection for reading, and one that waits for news of up to 1 000 streams. They are made when
 * the first stream is watched.
 */
export class RedisLogStore implements LogStore {
  readonly #url: string;
  readonly #log: Logger;
  readonly #reads: Redis;
  #listener: LogListener | null = null;
  readonly #waiters: LogWaiter[] = [];
  readonly #waiterOf = new Map<Watched, LogWaiter>();
  #state: "STARTING" | "THERE" | "AWAY" = "STARTING";
  #stopWatching: (() => void) | null = null;

  constructor(url: string, log: Logger) {
    this.#url = url;
    this.#log = log;
    this.#reads = readConnection(url, "log-reads");
  }

  start(listener: LogListener): void {
    this.#listener = listener;
  }

  watch(watched: Watched): void {
    this.#connect();
    let waiter = this.#waiters.find(({ size }) => size < WATCHED_MAX);
    if (!waiter) this.#waiters.push((waiter = this.#newWaiter()));
    this.#waiterOf.set(watched, waiter);
    waiter.add(watched);
  }

  unwatch(watched: Watched): void {
    const waiter = this.#waiterOf.get(watched);
    this.#waiterOf.delete(watched);
    waiter?.delete(watched);
  }

  moved(watched: Watched): void {
    this.#waiterOf.get(watched)?.changed();
  }

  async read(key: string, fromId: string, limit: number): Promise<LogPage> {
    // One transaction: what is added or trimmed between two reads would look like a hole.
    const [info, range] = (await this.#reads
      .multi()
      .xinfo("STREAM", key)
      .xrange(key, fromId, "+", "COUNT", limit + 1)
      .exec())!;
    const [noInfo, facts] = info!;
    const [noEntries, entries] = range! as [Error | null, RawEntry[]];
    if (noEntries) throw noEntries;
    if (noInfo && !/no such key/i.test(noInfo.message)) throw noInfo;
    return {
      state: noInfo ? null : stateOf(facts as unknown[]),
      entries: entries.map(entryOf),
      isCut: entries.length > limit,
    };
  }

  close(): void {
    this.#stopWatching?.();
    this.#reads.disconnect();
    for (const waiter of this.#waiters) waiter.close();
  }

  #connect(): void {
    if (this.#stopWatching !== null) return;
    this.#reads.on("ready", () => this.#tellIfThere());
    this.#reads.on("error", (error: Error) =>
      this.#log.debug({ err: error, use: "log-reads" }, "Redis connection failed"),
    );
    this.#stopWatching = endWhenSilent(this.#reads);
    this.#reads.connect().catch(() => {}); // it tries again by itself; "error" has told why
  }

  #newWaiter(): LogWaiter {
    return new LogWaiter(this.#url, {
      log: this.#log,
      news: (watched) => this.#listener!.news(watched),
      lost: () => this.#tellAway(),
      ready: () => this.#tellIfThere(),
      unblock: async (clientId) => (await this.#reads.client("UNBLOCK", clientId)) === 1,
    });
  }

  #tellAway(): void {
    if (this.#state !== "THERE") return;
    this.#state = "AWAY";
    this.#log.warn("Redis is away: streams stand still until it is back");
    this.#listener!.lost();
  }

  #tellIfThere(): void {
    if (this.#state === "THERE" || this.#reads.status !== "ready" || !this.#waiters.every(({ isReady }) => isReady))
      return;
    if (this.#state === "AWAY") this.#log.info("Redis is back");
    this.#state = "THERE";
    this.#listener!.there();
  }
}

type RawEntry = [id: string, fields: string[]];

const entryOf = ([id, fields]: RawEntry): LogEntry => ({ id, fields });

/** Reads the answer of XINFO STREAM: names and values in turns. Throws for servers that do not count what was added. */
function stateOf(facts: readonly unknown[]): LogState {
  const named = new Map<unknown, unknown>();
  for (let i = 0; i + 1 < facts.length; i += 2) named.set(facts[i], facts[i + 1]);
  const added = named.get("entries-added");
  const deletedId = named.get("max-deleted-entry-id");
  if (typeof added !== "number" || typeof deletedId !== "string")
    throw new Error("streams as a source need Redis or Valkey 7 or later");
  const [first, last] = [named.get("first-entry"), named.get("last-entry")] as (RawEntry | null)[];
  return {
    length: named.get("length") as number,
    firstId: first?.[0] ?? null,
    lastId: named.get("last-generated-id") as string,
    deletedId,
    added,
    last: last ? entryOf(last) : null,
  };
}
