import type { KafkaMessage } from "kafkajs";
import type { EventProducer } from "./producer.ts";
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
  return producer.sendRecord(deadLetterTopic(topic), {
    key: record.key,
    value: record.value,
    headers: {
      ...record.headers,
      "dead-letter-reason": reason.slice(0, 1_000),
      "original-topic": topic,
      "original-partition": String(partition),
      "original-offset": record.offset,
    },
  });
}
