import type { KafkaMessage, Message } from "kafkajs";
import { expect, test } from "vitest";
import { sendDeadLetter } from "./dead-letter.ts";
import { type EventProducer, RECORD_BYTES_MAX, recordBytes } from "./producer.ts";

async function deadLetterOf(record: Partial<KafkaMessage>): Promise<Message> {
  const sent: Message[] = [];
  const producer: EventProducer = {
    send: async () => {},
    sendRecord: async (_, message) => void sent.push(message),
    stop: async () => {},
  };
  const whole = { key: Buffer.from("k"), value: Buffer.from("{}"), offset: "7", headers: { channel: "*" }, ...record };
  await sendDeadLetter(producer, "news.articles.v1", 0, whole as KafkaMessage, "it is no article");
  return sent[0]!;
}

const why = {
  "dead-letter-reason": "it is no article",
  "original-topic": "news.articles.v1",
  "original-partition": "0",
  "original-offset": "7",
};

test("a dead letter is the record as it was, with why and where", async () => {
  expect(await deadLetterOf({})).toEqual({
    key: Buffer.from("k"),
    value: Buffer.from("{}"),
    headers: { channel: "*", ...why },
  });
});

test.each([
  ["value", { value: Buffer.alloc(1_040_000, "x") }, 1_040_000],
  ["headers", { headers: { channel: "x".repeat(1_040_000) } }, 2],
])(
  "a record that Kafka took, and would not with what a dead letter adds to its %s, is cut",
  async (_, record, bytes) => {
    const letter = await deadLetterOf(record);
    expect(recordBytes(letter)).toBeLessThanOrEqual(RECORD_BYTES_MAX);
    expect(letter.headers).toEqual({ ...why, "dead-letter-cut-from": String(bytes) });
  },
);
