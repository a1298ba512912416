import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@mib/service/log";
import { endWhenSilent } from "@mib/stream-window/end-when-silent";
import type { Redis } from "ioredis";
import { FAILS_AT_ONCE, streamConnection } from "../redis-connection.ts";
import type { Watched } from "./log-store.ts";

export interface WaiterCalls {
  log: Logger;
  news(watched: Watched): Promise<void>;
  lost(): void;
  ready(): void;
  /** Ends the wait of a connection; false where it does not wait. */
  unblock(clientId: number): Promise<boolean>;
}

/** Shorter than what makes `endWhenSilent` give a connection up: its question is answered when the wait is over. */
const BLOCK_MS = 1_000;
/** Where Redis does not let a wait be ended, so long a new stream may have to wait. */
const BLOCK_MS_WITHOUT_UNBLOCK = 100;
const RETRY_MS = 250;
/** An end of the wait that came before the wait did is asked for again. */
const UNBLOCK_AGAIN_MS = 10;
/** Redis's share of work for the waiting: a read of so many streams is followed by 1 ms of rest. */
const WATCHED_PER_REST_MS = 250;

/**
 * One connection that waits for news of many streams (XREAD BLOCK). It only learns which have some: what follows, and what is
 * missing, is read in a transaction by who is told.
 */
export class LogWaiter {
  readonly #connection: Redis;
  readonly #calls: WaiterCalls;
  readonly #watched = new Set<Watched>();
  readonly #stopWatching: () => void;
  #clientId = 0;
  #mayUnblock = true;
  #isRunning = false;
  /** The streams that are waited for are no longer those that should be. */
  #isStale = false;
  /** Counts the waits; 0 while there is none. */
  #wait = 0;
  #waits = 0;
  #isUnblocking = false;

  isReady = false;

  constructor(url: string, calls: WaiterCalls) {
    this.#calls = calls;
    this.#connection = streamConnection(url, "log-waits", { ...FAILS_AT_ONCE, autoResendUnfulfilledCommands: false });
    this.#connection.on("ready", () => void this.#begin());
    this.#connection.on("close", () => {
      if (!this.isReady) return;
      this.isReady = false;
      calls.lost();
    });
    this.#connection.on("error", (error: Error) =>
      calls.log.debug({ err: error, use: "log-waits" }, "Redis connection failed"),
    );
    this.#stopWatching = endWhenSilent(this.#connection);
    this.#connection.connect().catch(() => {}); // it tries again by itself; "error" has told why
  }

  get size(): number {
    return this.#watched.size;
  }

  add(watched: Watched): void {
    this.#watched.add(watched);
  }

  /** The wait goes on: what comes of it is heard by nobody. */
  delete(watched: Watched): void {
    this.#watched.delete(watched);
  }

  /** A stream is to be waited for from somewhere else than before, or for the first time. */
  changed(): void {
    this.#isStale = true;
    if (this.#wait === 0) void this.#run();
    else if (!this.#isUnblocking) queueMicrotask(() => void this.#unblock());
  }

  close(): void {
    this.isReady = false;
    this.#stopWatching();
    this.#connection.disconnect();
  }

  async #begin(): Promise<void> {
    try {
      this.#clientId = await this.#connection.client("ID");
    } catch (error) {
      if ((error as Error).name !== "ReplyError") return; // it is lost again
      this.#mayUnblock = false;
    }
    this.isReady = true;
    this.#calls.ready();
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.isReady) {
      const some = [...this.#watched].filter(({ at, isReadable }) => at !== null && isReadable);
      this.#isStale = false;
      if (some.length === 0) break;
      await this.#waitFor(some);
    }
    this.#isRunning = false;
    // The connection may have come back, or a stream come to it, while the loop ended.
    if (this.isReady && this.#isStale) void this.#run();
  }

  async #waitFor(some: readonly Watched[]): Promise<void> {
    try {
      const keys = await this.#keysWithNews(some);
      if (keys.size === 0) return;
      await Promise.all(some.filter((watched) => this.#hasNews(watched, keys)).map((each) => this.#calls.news(each)));
      const restMs = Math.floor(some.length / WATCHED_PER_REST_MS);
      if (restMs > 0) await delay(restMs);
    } catch (error) {
      if (this.isReady) this.#calls.log.debug({ err: error }, "streams could not be waited for");
      await delay(RETRY_MS);
    }
  }

  #hasNews(watched: Watched, keys: ReadonlySet<string>): boolean {
    return keys.has(watched.key) && this.#watched.has(watched);
  }

  /** All keys where the wait is refused because of one of them: each shows by itself what it is. */
  async #keysWithNews(some: readonly Watched[]): Promise<Set<string>> {
    const keys = some.map(({ key }) => key);
    const ids = some.map(({ at }) => at!.id);
    const blockMs = this.#mayUnblock ? BLOCK_MS : BLOCK_MS_WITHOUT_UNBLOCK;
    this.#wait = ++this.#waits;
    try {
      const found = await this.#connection.xread("COUNT", 1, "BLOCK", blockMs, "STREAMS", ...keys, ...ids);
      return new Set((found ?? []).map(([key]) => key));
    } catch (error) {
      if ((error as Error).name !== "ReplyError") throw error;
      this.#calls.log.debug({ err: error }, "a wait for streams was refused");
      await delay(RETRY_MS);
      return new Set(keys);
    } finally {
      this.#wait = 0;
    }
  }

  async #unblock(): Promise<void> {
    if (this.#isUnblocking || this.#wait === 0) return;
    this.#isUnblocking = true;
    const wait = this.#wait;
    const isStillStale = () => this.#mayUnblock && this.#isStale && this.#wait === wait;
    try {
      while (isStillStale()) {
        if (await this.#calls.unblock(this.#clientId)) break;
        await delay(UNBLOCK_AGAIN_MS);
      }
    } catch (error) {
      // Where reads are not possible now either, the wait ends by itself.
      if ((error as Error).name === "ReplyError") this.#mayUnblock = false;
    }
    this.#isUnblocking = false;
  }
}
