import type { LogPage, LogPlace } from "./log-page.ts";

/** A stream that somebody follows. */
export interface Watched {
  readonly key: string;
  /** Up to here it is known; null: not yet. */
  readonly at: LogPlace | null;
  /** False while it is not to be waited for. */
  readonly isReadable: boolean;
}

/** Redis, as far as streams are read. */
export interface LogStore {
  /** Says once who is told what it sees. */
  start(listener: LogListener): void;
  /** What a stream has from an id on, at least `limit` entries after it where it has so many. Rejects while Redis is away. */
  read(key: string, fromId: string, limit: number): Promise<LogPage>;
  /** From now on `news` is called when the stream has an entry after `at`, one call at a time. */
  watch(watched: Watched): void;
  unwatch(watched: Watched): void;
  /** `at` or `isReadable` is another one, and not because of `news`. */
  moved(watched: Watched): void;
}

/** Who is told what the store sees. */
export interface LogListener {
  /** There may be entries after `at`, or a stream that can't be read. */
  news(watched: Watched): Promise<void>;
  /** Redis can be read, for the first time or again. */
  there(): void;
  lost(): void;
}
