import { eventually } from "@mib/testkit/eventually";
import type { Admin, Kafka } from "kafkajs";
import type { EngineProcess } from "../../../packages/protocol/src/testing/engine-process.ts";
import type { BenchRow } from "../bench-result.ts";

const READ_MS_MAX = 600_000;
/** Topics in which nothing may be missing, and the engine's count of what belongs into them. */
const EVENTS = { "market.trades.v1": "engine_trades_accepted_total", "market.bars.v1": "engine_final_bars_total" };

/** Trades and final bars in Kafka, held against what the engine counted. */
export interface ComparedPublished {
  events: number;
  missing: number;
  /** More than the engine counted. */
  unknown: number;
  repeated: number;
  outOfOrder: number;
}

/** Reads the topics of events as far as they go now. Fails after ten minutes. */
export async function comparePublished(kafka: Kafka, engine: EngineProcess): Promise<ComparedPublished> {
  const found: ComparedPublished = { events: 0, missing: 0, unknown: 0, repeated: 0, outOfOrder: 0 };
  const admin = kafka.admin();
  await admin.connect();
  try {
    for (const [topic, counter] of Object.entries(EVENTS)) {
      const published = await readTopic(kafka, admin, topic);
      found.events += published.distinct;
      const difference = (await engine.metric(counter)) - published.distinct;
      found.missing += Math.max(0, difference);
      found.unknown += Math.max(0, -difference);
      found.repeated += published.repeated;
      found.outOfOrder += published.outOfOrder;
    }
  } finally {
    await admin.disconnect();
  }
  return found;
}

export function rowsOfPublished(what: string, found: ComparedPublished): BenchRow[] {
  return [
    { id: `${what}.missing`, value: found.missing, unit: "events" },
    { id: `${what}.unknown`, value: found.unknown, unit: "events" },
    { id: `${what}.repeated`, value: found.repeated, unit: "events" },
    { id: `${what}.out-of-order`, value: found.outOfOrder, unit: "events" },
  ];
}

interface Published {
  /** Different positions. */
  distinct: number;
  repeated: number;
  /** Behind one of their partition that comes after them. */
  outOfOrder: number;
}

/** Reads a topic from its beginning to where it ends now, and looks at the positions that the engine gave. */
async function readTopic(kafka: Kafka, admin: Admin, topic: string): Promise<Published> {
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
