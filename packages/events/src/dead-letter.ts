import type { KafkaMessage, Message } from "kafkajs";
import { type EventProducer, RECORD_BYTES_MAX, recordBytes } from "./producer.ts";
import { deadLetterTopic } from "./topics.ts";

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
  const place = { "original-partition": String(partition), "original-offset": record.offset };
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
  const why = { "dead-letter-reason": reason.slice(0, 1_000), "original-topic": topic, ...notes };
  const whole = { key, value, headers: { ...headers, ...why } };
  return producer.sendRecord(deadLetterTopic(topic), recordBytes(whole) <= RECORD_BYTES_MAX ? whole : cut(value, why));
}

/** One that Kafka does not take would be tried for ever: it loses its key, its own headers and the end of its value. */
function cut(value: Message["value"], why: Record<string, string>): Message {
  const bytes = Buffer.from(value ?? "");
  const headers = { ...why, "dead-letter-cut-from": String(bytes.length) };
  const room = RECORD_BYTES_MAX - recordBytes({ value: null, headers });
  return { key: null, value: bytes.subarray(0, room), headers };
}
