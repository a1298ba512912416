import type { FormattedExecutionResult } from "graphql-ws";
import { codeOf } from "./subscription-error.ts";
import type { Errors } from "./transport.ts";

/** Events that are missing before what comes next. */
export interface Gap {
  /** Null: nobody knows how many, none maybe. */
  count: number | null;
  reason: GapReason;
}

export type GapReason =
  /** Missed on the way to the router, or inside it. */
  | "lost"
  | "overflow"
  | "poison"
  /** The history of the stream was lost or rewritten. */
  | "epoch"
  /** The stream could not go on at the cursor: too long ago, too old, of another operation, caller or platform. */
  | "too_far"
  | "expired"
  | "changed"
  | "denied"
  | "invalid"
  /** The subscription had to begin anew without a cursor: no event had come yet, or the router gives or takes none. */
  | "no_cursor";

/** The stream went on where it was. */
export interface Recovered {
  /** Events of the channel that came in between and follow now; null where only current values follow. */
  replayed: number | null;
}

/** What `extensions.stream` of a message may hold: docs/streams.md. */
interface StreamNote {
  cursor?: string;
  recovered?: boolean;
  replayed?: number;
  reason?: GapReason;
  gap?: Gap;
}

/** How far one subscription has come with its stream, and what it asks of the next connection. */
export class StreamProgress {
  #cursor: string | null;
  /** Whether events may have been missed if it can't go on at a cursor; and before the last `begin`. */
  #hasBegun: boolean;
  #hadBegun = false;
  /** Whether the next message is the first after it was asked to go on at a cursor. */
  #waitsForVerdict = false;
  /** The cursor of an event that the router has sent and that has not come. */
  #missing: string | null = null;

  constructor(cursor: string | null) {
    this.#cursor = cursor;
    this.#hasBegun = cursor !== null;
  }

  get cursor(): string | null {
    return this.#cursor;
  }

  /** What to send as `extensions.stream` (null: nothing), and what is missing from here on because of that. */
  begin(resumes: boolean): { request: { after?: string } | null; gap: Gap | null } {
    // A cursor from before would repeat what comes now without one.
    if (!resumes) this.#cursor = null;
    const gap: Gap | null = this.#hasBegun && this.#cursor === null ? { count: null, reason: "no_cursor" } : null;
    this.#hadBegun = this.#hasBegun;
    this.#hasBegun = true;
    this.#waitsForVerdict = this.#cursor !== null;
    this.#missing = null;
    if (!resumes) return { request: null, gap };
    return { request: this.#cursor === null ? {} : { after: this.#cursor }, gap };
  }

  /** The router did not take the subscription. */
  refused(): void {
    this.#hasBegun = this.#hadBegun;
  }

  /** Takes note of the newest event that the router has sent; whether it has not come. */
  hear(head: string): boolean {
    this.#missing = head === this.#cursor ? null : head;
    return this.#missing !== null;
  }

  /** Whether the message is of an event after one that is missing. */
  isBeyondMissing({ extensions }: FormattedExecutionResult<any>): boolean {
    const { cursor } = (extensions?.["stream"] ?? {}) as StreamNote;
    return this.#missing !== null && cursor !== this.#missing;
  }

  /** Takes note of a message: what it says of the way here. */
  take({ extensions }: FormattedExecutionResult<any>): { recovered: Recovered | null; gap: Gap | null } {
    const note = (extensions?.["stream"] ?? {}) as StreamNote;
    this.#cursor = note.cursor ?? null;
    this.#missing = null;
    const isIgnored = this.#waitsForVerdict && note.recovered === undefined;
    this.#waitsForVerdict = false;
    if (isIgnored) return { recovered: null, gap: { count: null, reason: "no_cursor" } };
    if (note.recovered === false) return { recovered: null, gap: { count: null, reason: note.reason ?? "invalid" } };
    return { recovered: note.recovered ? { replayed: note.replayed ?? null } : null, gap: note.gap ?? null };
  }

  /** The stream does not go on at the cursor: it begins anew, after a gap. */
  restart(reason: GapReason): Gap {
    this.#cursor = null;
    this.#hasBegun = false;
    return { count: null, reason };
  }
}

/** Why the router refuses to go on at a cursor; null when the errors say something else. */
export function notRecoveredReason(errors: Errors): GapReason | null {
  const code = codeOf(errors);
  if (code === "STREAM_CURSOR_INVALID") return "invalid";
  if (code !== "STREAM_NOT_RECOVERED") return null;
  return (errors[0]!.extensions!["reason"] as GapReason | undefined) ?? "invalid";
}
