import type { IHeaders, KafkaMessage } from "kafkajs";
import { idOfOffset, isPositionId, type Position } from "./position.ts";
import { topicNamed } from "./topics.ts";

/** A record of a topic, with what its headers say about it. The value is text: whoever needs its fields parses it. */
export interface StreamEvent {
  topic: string;
  partition: number;
  offset: bigint;
  key: string | null;
  channel: string;
  position: Position;
  /** Deterministic identity of an event whose position is its offset; null on the engine's topics. */
  eventId: string | null;
  /** Folded from history that was loaded, not from what just happened: nobody should be alarmed by it. */
  backfill: boolean;
  brokerTimeMs: number;
  traceparent: string | null;
  value: string;
}

/** What is needed to send an event; the producer writes it as `decodeEvent` reads it. */
export interface OutgoingEvent {
  topic: string;
  key: string | null;
  channel: string;
  eventId: string;
  traceparent?: string | null;
  /** JSON text. */
  value: string;
}

/** A record that is not an event: its headers are missing or wrong. */
export class InvalidRecordError extends Error {}

export const SCHEMA_VERSION = "1";

// Epoch and trace context stand in the header line of a window's entries, the epoch in the name of the window's key as well.
const EPOCH = /^[\w-]{1,64}$/;
/** What another key of each channel is called. */
const NO_EPOCH = "epoch";
const TRACE_CONTEXT = /^[\w-]{1,100}$/;

/**
 * Reads a record. `epochs` gives the epochs of topics whose position is the offset.
 * Throws InvalidRecordError with the reason when the headers do not make it an event.
 */
export function decodeEvent(
  topic: string,
  partition: number,
  message: KafkaMessage,
  epochs: ReadonlyMap<string, string>,
): StreamEvent {
  const { headers = {}, value } = message;
  if (value === null) throw new InvalidRecordError("the record has no value");
  const version = header(headers, "schema-version");
  if (version !== SCHEMA_VERSION)
    throw new InvalidRecordError(`schema-version is ${version ?? "missing"}, not ${SCHEMA_VERSION}`);
  const channel = header(headers, "channel");
  if (!channel) throw new InvalidRecordError("the header channel is missing");
  const identity =
    topicNamed(topic).position === "SEQUENCE"
      ? { position: sequencePosition(headers), eventId: null }
      : { position: offsetPosition(topic, message.offset, epochs), eventId: header(headers, "event-id") ?? null };
  if (identity.eventId === "" || (identity.eventId === null && topicNamed(topic).position === "OFFSET")) {
    throw new InvalidRecordError("the header event-id is missing");
  }
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    key: message.key === null ? null : message.key.toString(),
    channel,
    ...identity,
    backfill: isBackfill(message),
    brokerTimeMs: Number(message.timestamp),
    traceparent: traceContext(headers),
    value: value.toString(),
  };
}

/** `StreamEvent.backfill` of a record, without reading the rest of it. */
export function isBackfill({ headers = {} }: KafkaMessage): boolean {
  return header(headers, "origin") === "backfill";
}

function sequencePosition(headers: IHeaders): Position {
  const epoch = header(headers, "epoch");
  const id = `${header(headers, "sequence") ?? ""}-${header(headers, "ordinal") ?? ""}`;
  if (!epoch || !EPOCH.test(epoch) || epoch === NO_EPOCH)
    throw new InvalidRecordError("the header epoch is missing or not a word");
  if (!isPositionId(id) || id === "0-0")
    throw new InvalidRecordError(`the headers sequence and ordinal make no position: ${id.slice(0, 80)}`);
  return { epoch, id };
}

function offsetPosition(topic: string, offset: string, epochs: ReadonlyMap<string, string>): Position {
  const epoch = epochs.get(topic);
  if (epoch === undefined) throw new Error(`the epoch of ${topic} is not known: was the topic provisioned?`);
  return { epoch, id: idOfOffset(offset) };
}

/** The headers of an event that is sent. */
export function encodeHeaders(event: OutgoingEvent): Record<string, string> {
  const headers: Record<string, string> = {
    channel: event.channel,
    "event-id": event.eventId,
    "schema-version": SCHEMA_VERSION,
  };
  if (event.traceparent) headers.traceparent = event.traceparent;
  return headers;
}

/** Null for one that is none: the event is whole without it. */
function traceContext(headers: IHeaders): string | null {
  const traceparent = header(headers, "traceparent");
  return traceparent !== undefined && TRACE_CONTEXT.test(traceparent) ? traceparent : null;
}

/** The text of a header, the first where it is there more than once. */
export function header(headers: IHeaders, name: string): string | undefined {
  const value = headers[name];
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined ? undefined : first.toString();
}
