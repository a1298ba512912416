import { GIVEN_BY, putAside } from "@mib/events/dead-letter";
import { encodeHeaders } from "@mib/events/event";
import { type EventProducer, RecordTooLargeError } from "@mib/events/producer";
import type { IngestItem } from "./ingest-item.ts";
import type { IngestKindName } from "./ingest-kind.ts";
import { anticipateDefinition, type IngestMemory } from "./ingest-memory.ts";

export interface ItemWay {
  producer: EventProducer;
  /** Learns of sensors that were defined. */
  memory: IngestMemory;
  kind: IngestKindName;
  topic: string;
  /** Who gives it, as the dead letters name them. */
  givenBy: string;
}

/**
 * Brings an item to its topic, or with its problem into the dead letters. Resolves when Kafka has it, with why it was not taken,
 * or null.
 */
export async function sendItem(
  { key, eventId, value, problem }: IngestItem,
  { producer, memory, kind, topic, givenBy }: ItemWay,
): Promise<IngestItem["problem"]> {
  const event = { topic, key, channel: "*", eventId, value };
  let found = problem;
  if (found === null) {
    try {
      await producer.send(event);
      if (kind === "sensors") anticipateDefinition(memory, value);
      return null;
    } catch (error) {
      if (!(error instanceof RecordTooLargeError)) throw error;
      found = { code: "ITEM_TOO_LARGE", reason: "the item is too large" };
    }
  }
  // As it would have been sent: once its value is right, it can be.
  const headers = eventId === "" ? {} : encodeHeaders(event);
  await putAside(producer, topic, { key, value, headers }, found.reason, { [GIVEN_BY]: givenBy });
  return found;
}
