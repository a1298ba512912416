import { eventually } from "@mib/testkit/eventually";
import type { Admin, Kafka } from "kafkajs";

const READ_MS_MAX = 600_000;

export interface Published {
  /** Different positions. */
  distinct: number;
  repeated: number;
  /** Behind one of their partition that comes after them. */
  outOfOrder: number;
}

/** Reads a topic from its beginning to where it ends now, and looks at the positions that the engine gave. Fails after ten minutes. */
export async function readTopic(kafka: Kafka, admin: Admin, topic: string): Promise<Published> {
  const left = new Map<number, bigint>();
  for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
    if (BigInt(high) > BigInt(low)) left.set(partition, BigInt(high) - 1n);
  const positions = new Set<string>();
  const last = new Map<number, [sequence: bigint, ordinal: number]>();
  const found: Published = { distinct: 0, repeated: 0, outOfOrder: 0 };
  if (left.size === 0) return found;
  const consumer = kafka.consumer({ groupId: `bench-${topic}-${Date.now()}` });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition, message }) => {
        const sequence = BigInt(String(message.headers?.sequence));
        const ordinal = Number(String(message.headers?.ordinal));
        const position = `${sequence}/${ordinal}`;
        if (positions.has(position)) found.repeated += 1;
        positions.add(position);
        const [lastSequence, lastOrdinal] = last.get(partition) ?? [-1n, 0];
        if (sequence < lastSequence || (sequence === lastSequence && ordinal < lastOrdinal)) found.outOfOrder += 1;
        last.set(partition, [sequence, ordinal]);
        if (BigInt(message.offset) === left.get(partition)) left.delete(partition);
      },
    });
    await eventually(() => left.size === 0, { deadlineMs: READ_MS_MAX });
  } finally {
    await consumer.disconnect();
  }
  return { ...found, distinct: positions.size };
}
