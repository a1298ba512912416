import type { CodedError } from "@mib/service/coded-error";
import type { Delivery, StreamNote } from "../../streams/delivery.ts";
import type { EndingError } from "../../streams/group.ts";
import { formatError } from "../error-body.ts";
import { COMPLETE_EVENT, serverSentEvent } from "../server-sent-events.ts";

/** How a subscription is written into the body of a response. */
export interface SubscriptionFormat {
  readonly transport: "sse" | "multipart";
  readonly contentType: string;
  /** What the body begins with; a client that loses the connection comes back after `retryMs`, where it can be told. */
  opening(retryMs: number): string;
  /** Says that the connection is alive, and nothing else. */
  readonly heartbeat: Buffer;
  /** An event; `withCursor`: in the extensions too. */
  event(delivery: Delivery, withCursor: boolean, note: StreamNote | null): readonly Buffer[];
  /** Nothing follows: the end of the stream, or an error. */
  ending(errors: readonly EndingError[] | null): string;
  /** Nothing follows here, but the client may come back after `retryMs` and go on. */
  interruption(error: CodedError, retryMs: number): string;
}

/** As long as that, and up to twice as long by chance: clients that are cut off together come back one by one. */
export const jittered = (retryMs: number): number => Math.round(retryMs * (1 + Math.random()));

/** GraphQL over SSE, distinct connections mode. */
const SSE: SubscriptionFormat = {
  transport: "sse",
  contentType: "text/event-stream; charset=utf-8",
  opening: (retryMs) => `retry: ${retryMs}\n\n`,
  heartbeat: Buffer.from(":\n\n"),
  event: (delivery, withCursor, note) => [delivery.eventBytes(withCursor, note)],
  ending: (errors) => `${errors === null ? "" : serverSentEvent(JSON.stringify({ errors }))}${COMPLETE_EVENT}`,
  // Without the event that says it is complete: clients take that for a lost connection.
  interruption: ({ code }, retryMs) => `: ${code}\nretry: ${retryMs}\n\n`,
};

const BOUNDARY = "graphql";
const PART_HEAD = "\r\ncontent-type: application/json; charset=utf-8\r\n\r\n";
/** A part ends with the boundary of the next one, so that the client has it whole. */
const PART_END = `\r\n--${BOUNDARY}`;
const PAYLOAD_HEAD = Buffer.from(`${PART_HEAD}{"payload":`);
const PAYLOAD_END = Buffer.from(PART_END);

const part = (body: string): string => `${PART_HEAD}${body}${PART_END}`;
const failure = (errors: readonly EndingError[]): string => `${part(JSON.stringify({ payload: null, errors }))}--\r\n`;

/** The multipart protocol for subscriptions of Apollo's clients. */
const MULTIPART: SubscriptionFormat = {
  transport: "multipart",
  contentType: `multipart/mixed; boundary="${BOUNDARY}"; subscriptionSpec=1.0`,
  opening: () => `${PART_END}${part("{}")}`,
  heartbeat: Buffer.from(part("{}")),
  event: (delivery, withCursor, note) => [PAYLOAD_HEAD, delivery.closedBytes(withCursor, note), PAYLOAD_END],
  ending: (errors) => (errors === null ? "--\r\n" : failure(errors)),
  interruption(error, retryMs) {
    const { message, extensions } = formatError(error);
    return failure([{ message, extensions: { ...extensions, retryAfterSeconds: Math.ceil(retryMs / 1_000) } }]);
  },
};

/** The body of a response that has one part and no more. */
export const onePayload = (text: string): string => `${PART_END}${part(text)}--\r\n`;

export const SUBSCRIPTION_FORMATS = { sse: SSE, multipart: MULTIPART };
