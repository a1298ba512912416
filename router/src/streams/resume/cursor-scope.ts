import { createHash } from "node:crypto";
import { CodedError } from "@mib/service/coded-error";
import { CURRENT_EPOCH, type Position } from "../stream-source.ts";
import type { CursorKeys } from "./cursor-keys.ts";

export type NotRecovered = "epoch" | "expired" | "too_far" | "denied" | "changed";

export interface CursorScopeOptions {
  keys: CursorKeys;
  lifetimeMs: number;
  /** Stream field, channels, operation and variables: with others, the events after a position are others. */
  operation: readonly unknown[];
  /** For whom the answers are made; null where all callers get the same. */
  subject: string | null;
  naming: HistoryNaming;
}

/** How a cursor says of which history of its channel it is, in a word. */
interface HistoryNaming {
  wordOf(position: Position): string;
  positionOf(word: string, id: string): Position;
}

/** By the epoch's name, which is the same for all router processes. */
export const BY_EPOCH: HistoryNaming = {
  wordOf: ({ epoch }) => epoch,
  positionOf: (epoch, id) => ({ epoch, id }),
};

/** By the number of its event, where each process has names of its own. */
export const BY_NUMBER: HistoryNaming = {
  wordOf: ({ count }) => String(count ?? "-"),
  positionOf: (word, id) => ({ epoch: CURRENT_EPOCH, id, count: word === "-" ? null : Number(word) }),
};

const VERSION = "1";

/**
 * What the cursors of one group have in common. A cursor is signed once per event however many subscribers get it, and holds
 * where the event stands, what for and for whom it was made, and when: nothing of the caller's credential.
 */
export class CursorScope {
  readonly #keys: CursorKeys;
  readonly #lifetimeMs: number;
  readonly #operation: string;
  readonly #subject: string;
  readonly #naming: HistoryNaming;

  constructor({ keys, lifetimeMs, operation, subject, naming }: CursorScopeOptions) {
    this.#naming = naming;
    this.#keys = keys;
    this.#lifetimeMs = lifetimeMs;
    this.#operation = digest(JSON.stringify(operation));
    this.#subject = subject === null ? "-" : digest(subject);
  }

  cursorFor(position: Position, nowMs: number): string {
    const history = this.#naming.wordOf(position);
    return this.#keys.seal(
      [VERSION, history, position.id, nowMs.toString(36), this.#operation, this.#subject].join(" "),
    );
  }

  /** The position in a cursor, or why a stream can't go on there. Throws STREAM_CURSOR_INVALID for what is no cursor of ours. */
  read(cursor: string, nowMs: number): Position | NotRecovered {
    const content = this.#keys.unseal(cursor);
    const [version, history, id, madeAt, operation, subject] = content?.split(" ") ?? [];
    if (version !== VERSION || history === undefined || id === undefined || madeAt === undefined)
      throw new CodedError("STREAM_CURSOR_INVALID");
    if (subject !== this.#subject) return "denied";
    if (operation !== this.#operation) return "changed";
    if (nowMs - Number.parseInt(madeAt, 36) > this.#lifetimeMs) return "expired";
    return this.#naming.positionOf(history, id);
  }
}

const digest = (text: string): string =>
  createHash("sha256").update(text).digest().subarray(0, 12).toString("base64url");
