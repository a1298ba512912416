import type { IHeaders, KafkaMessage, Message } from "kafkajs";
import { type EventProducer, RECORD_BYTES_MAX, recordBytes } from "./producer.ts";
import { deadLetterTopic } from "./topics.ts";

/** A record that its topic's readers could not use, as it stands in the dead-letter topic. */
export interface DeadLetter {
  /** `<topic>/<partition>/<offset>`: its place in the dead letters of that topic. */
  id: string;
  topic: string;
  /** Of the dead-letter topic. */
  partition: number;
  reason: string;
  deadAtMs: number;
  /** Where it stood; null when it never came as far as its topic. */
  original: { partition: number; offset: bigint } | null;
  /** Who gave it, where it came by HTTP. */
  givenBy: string | null;
  /** How long the value was, where it and its headers were too large to be put aside whole. */
  cutFromBytes: number | null;
  key: Buffer | null;
  value: Buffer | null;
  /** The record's own headers. */
  headers: IHeaders;
}

const REASON = "dead-letter-reason";
const ORIGINAL_TOPIC = "original-topic";
const ORIGINAL_PARTITION = "original-partition";
const ORIGINAL_OFFSET = "original-offset";
export const GIVEN_BY = "given-by";
const CUT_FROM = "dead-letter-cut-from";
/** On a record of the dead-letter topic that is no letter but tells that one was sent again; its value. */
const SENT_AGAIN = "dead-letter-sent-again";
const ADDED = new Set([REASON, ORIGINAL_TOPIC, ORIGINAL_PARTITION, ORIGINAL_OFFSET, GIVEN_BY, CUT_FROM]);

const REASON_LENGTH_MAX = 1_000;

/**
 * Puts a record that can't be used into the dead-letter topic of its own topic, as it was, with headers that say why and
 * where it stood. Resolves when it is there.
 */
export function sendDeadLetter(
  producer: EventProducer,
  topic: string,
  partition: number,
  record: KafkaMessage,
  reason: string,
): Promise<void> {
  const place = { [ORIGINAL_PARTITION]: String(partition), [ORIGINAL_OFFSET]: record.offset };
  return putAside(producer, topic, record, reason, place);
}

/** As `sendDeadLetter`, for what has not been in Kafka; `notes` are further headers. */
export function putAside(
  producer: EventProducer,
  topic: string,
  { key = null, value, headers = {} }: Pick<Message, "key" | "value" | "headers">,
  reason: string,
  notes: Record<string, string> = {},
): Promise<void> {
  const why = { [REASON]: reason.slice(0, REASON_LENGTH_MAX), [ORIGINAL_TOPIC]: topic, ...notes };
  const whole = { key, value, headers: { ...headers, ...why } };
  return producer.sendRecord(deadLetterTopic(topic), recordBytes(whole) <= RECORD_BYTES_MAX ? whole : cut(value, why));
}

/** One that Kafka does not take would be tried for ever: it loses its key, its own headers and the end of its value. */
function cut(value: Message["value"], why: Record<string, string>): Message {
  const bytes = Buffer.from(value ?? "");
  const headers = { ...why, [CUT_FROM]: String(bytes.length) };
  const room = RECORD_BYTES_MAX - recordBytes({ value: null, headers });
  return { key: null, value: bytes.subarray(0, room), headers };
}

/** Notes behind a letter that it was sent again, so that it is not shown as one that waits. */
export function noteSentAgain(producer: EventProducer, letter: DeadLetter): Promise<void> {
  return producer.sendRecord(deadLetterTopic(letter.topic), {
    key: null,
    partition: letter.partition,
    value: letter.id,
    headers: { [SENT_AGAIN]: "1" },
  });
}

/** The id of the letter that the record notes as sent again; null for a letter. */
export function sentAgain({ headers = {}, value }: KafkaMessage): string | null {
  return headers[SENT_AGAIN] === undefined || value === null ? null : value.toString();
}

/** Reads a record of a topic's dead letters. */
export function deadLetterOf(topic: string, partition: number, record: KafkaMessage): DeadLetter {
  const headers = record.headers ?? {};
  const cutFrom = text(headers, CUT_FROM);
  const [originalPartition, originalOffset] = [text(headers, ORIGINAL_PARTITION), text(headers, ORIGINAL_OFFSET)];
  return {
    id: `${topic}/${partition}/${record.offset}`,
    topic,
    partition,
    reason: text(headers, REASON) ?? "no reason is given",
    deadAtMs: Number(record.timestamp),
    original:
      originalPartition === null || originalOffset === null
        ? null
        : { partition: Number(originalPartition), offset: BigInt(originalOffset) },
    givenBy: text(headers, GIVEN_BY),
    cutFromBytes: cutFrom === null ? null : Number(cutFrom),
    key: record.key,
    value: record.value,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !ADDED.has(name))),
  };
}

function text(headers: IHeaders, name: string): string | null {
  const value = headers[name];
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined ? null : first.toString();
}
