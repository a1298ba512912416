import type { DepthMessage, DepthSnapshotMessage } from "./messages.ts";

/** What to do with the book. `first` is the number that follows the update before, so that a hole shows. */
export type BookStep =
  | { kind: "snapshot"; snapshot: DepthSnapshotMessage }
  | { kind: "delta"; message: DepthMessage; first: number; coherent: boolean };

const RECENT_MAX = 1_000;

/**
 * Brings snapshot and updates of one instrument together as Binance's documents describe it: updates that the snapshot covers
 * are dropped, those after it follow without a hole.
 *
 * Before a snapshot came, updates are passed on all the same and said to be not coherent: each level that they name is
 * right, and levels that nobody touched since are missing. They are kept until the snapshot comes, because it may be older
 * than some of them. After a hole it is the same: not coherent until the next snapshot.
 */
export class DepthSync {
  #recent: DepthMessage[] = [];
  #lastUpdateId = 0;
  #coherent = false;
  #repeats = 0;
  #holes = 0;

  /** Whether a snapshot is needed: none has come, or a hole was found since. */
  get waiting(): boolean {
    return !this.#coherent;
  }

  get lastUpdateId(): number {
    return this.#lastUpdateId;
  }

  /** Updates that the venue sent twice. */
  get repeats(): number {
    return this.#repeats;
  }

  /** How often the venue's numbers had a hole. */
  get holes(): number {
    return this.#holes;
  }

  update(message: DepthMessage): BookStep[] {
    if (message.lastUpdateId <= this.#lastUpdateId) {
      this.#repeats += 1;
      return [];
    }
    const first = firstOf(message);
    if (this.#lastUpdateId !== 0 && first > this.#lastUpdateId + 1) {
      this.#holes += 1;
      this.#coherent = false;
      this.#recent = [];
    }
    this.#lastUpdateId = message.lastUpdateId;
    if (!this.#coherent) {
      this.#recent.push(message);
      if (this.#recent.length > RECENT_MAX) this.#recent.shift();
    }
    return [{ kind: "delta", message, first, coherent: this.#coherent }];
  }

  /** A snapshot that does not reach up to the updates that are kept, or is older than a coherent book, is of no use. */
  snapshot(snapshot: DepthSnapshotMessage): BookStep[] {
    if (this.#coherent && snapshot.lastUpdateId <= this.#lastUpdateId) return [];
    const after = this.#recent.filter((message) => message.lastUpdateId > snapshot.lastUpdateId);
    if (after[0] && firstOf(after[0]) > snapshot.lastUpdateId + 1) return [];
    this.#coherent = true;
    this.#recent = [];
    this.#lastUpdateId = after.at(-1)?.lastUpdateId ?? snapshot.lastUpdateId;
    return [
      { kind: "snapshot", snapshot },
      ...after.map((message) => ({ kind: "delta" as const, message, first: firstOf(message), coherent: true })),
    ];
  }
}

/** Spot numbers without holes; futures say which update came before. */
function firstOf(message: DepthMessage): number {
  return message.previousUpdateId === null ? message.firstUpdateId : message.previousUpdateId + 1;
}
