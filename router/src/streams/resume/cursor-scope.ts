import { createHash } from "node:crypto";
import { CodedError } from "@mib/service/coded-error";
import type { Position } from "../stream-source.ts";
import type { CursorKeys } from "./cursor-keys.ts";

export type NotRecovered = "epoch" | "expired" | "too_far" | "denied" | "changed";

export interface CursorScopeOptions {
  keys: CursorKeys;
  lifetimeMs: number;
  /** Stream field, channels, operation and variables: with others, the events after a position are others. */
  operation: readonly unknown[];
  /** For whom the answers are made; null where all callers get the same. */
  subject: string | null;
}

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

  constructor({ keys, lifetimeMs, operation, subject }: CursorScopeOptions) {
    this.#keys = keys;
    this.#lifetimeMs = lifetimeMs;
    this.#operation = digest(JSON.stringify(operation));
    this.#subject = subject === null ? "-" : digest(subject);
  }

  cursorFor({ epoch, id }: Position, nowMs: number): string {
    return this.#keys.seal([VERSION, epoch, id, nowMs.toString(36), this.#operation, this.#subject].join(" "));
  }

  /** The position in a cursor, or why a stream can't go on there. Throws STREAM_CURSOR_INVALID for what is no cursor of ours. */
  read(cursor: string, nowMs: number): Position | NotRecovered {
    const content = this.#keys.unseal(cursor);
    const [version, epoch, id, madeAt, operation, subject] = content?.split(" ") ?? [];
    if (version !== VERSION || epoch === undefined || id === undefined || madeAt === undefined)
      throw new CodedError("STREAM_CURSOR_INVALID");
    if (subject !== this.#subject) return "denied";
    if (operation !== this.#operation) return "changed";
    if (nowMs - Number.parseInt(madeAt, 36) > this.#lifetimeMs) return "expired";
    return { epoch, id };
  }
}

const digest = (text: string): string =>
  createHash("sha256").update(text).digest().subarray(0, 12).toString("base64url");
