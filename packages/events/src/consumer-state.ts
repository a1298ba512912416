import type { RecordBatch, StartOffset } from "./consumer.ts";
import { Deduplicator } from "./deduplicator.ts";
import type { StreamEvent } from "./event.ts";
import type { KafkaClient } from "./kafka.ts";
import type { Position } from "./position.ts";

/** Where a consumer stands, kept beside its effects in PostgreSQL: goes into a migration of the subgraph's schema. */
export const CONSUMER_POSITIONS_SQL = `
CREATE TABLE consumer_positions (
  consumer text NOT NULL,
  topic text NOT NULL,
  partition int NOT NULL,
  next_offset bigint NOT NULL,
  epoch text,
  id text,
  event_ids text[] NOT NULL,
  PRIMARY KEY (consumer, topic, partition)
);
`;

/** Event ids kept per partition: what a producer may send again after a crash is among the newest. */
const EVENT_IDS_KEPT = 500;

interface Queryable {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}

interface PartitionPosition {
  topic: string;
  partition: number;
  nextOffset: bigint;
  last: Position | null;
}

/**
 * The positions of one consumer and what it has seen. Saved in the transaction of an effect, both are one: after a crash the
 * consumer goes on behind what it did, and drops what is sent again.
 */
export class ConsumerState {
  readonly #consumer: string;
  readonly #deduplicator = new Deduplicator();
  readonly #partitions = new Map<string, PartitionPosition>();

  constructor(consumer: string) {
    this.#consumer = consumer;
  }

  static async load(database: Queryable, consumer: string): Promise<ConsumerState> {
    const state = new ConsumerState(consumer);
    const { rows } = await database.query(
      "SELECT topic, partition, next_offset, epoch, id, event_ids FROM consumer_positions WHERE consumer = $1",
      [consumer],
    );
    for (const row of rows as PositionRow[]) {
      const last = row.epoch === null || row.id === null ? null : { epoch: row.epoch, id: row.id };
      state.#partitions.set(`${row.topic}/${row.partition}`, {
        topic: row.topic,
        partition: row.partition,
        nextOffset: BigInt(row.next_offset),
        last,
      });
      state.#deduplicator.restore(row.topic, row.partition, last, row.event_ids);
    }
    return state;
  }

  /**
   * Gives every partition that has no position one, as of now. Saved before the first batch, it holds "the end of the topic" to what
   * was its end on the first run, however soon the process dies.
   */
  async begin(kafka: KafkaClient, topics: Readonly<Record<string, "earliest" | "latest">>): Promise<void> {
    const admin = kafka.admin();
    await admin.connect();
    try {
      for (const [topic, start] of Object.entries(topics)) {
        for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
          if (this.#partitions.has(`${topic}/${partition}`)) continue;
          this.advance({ topic, partition, nextOffset: BigInt(start === "earliest" ? low : high) }, null);
        }
      }
    } finally {
      await admin.disconnect();
    }
  }

  /** Where to go on, or `fallback` on the first run. */
  startOffset(topic: string, partition: number, fallback: "earliest" | "latest"): StartOffset {
    return this.#partitions.get(`${topic}/${partition}`)?.nextOffset ?? fallback;
  }

  /** True once per event. */
  accept(event: StreamEvent): boolean {
    return this.#deduplicator.accept(event);
  }

  /** Notes that a batch was handled; `last` is its last event, null when it had none. */
  advance(
    { topic, partition, nextOffset }: Pick<RecordBatch, "topic" | "partition" | "nextOffset">,
    last: StreamEvent | null,
  ): void {
    const key = `${topic}/${partition}`;
    this.#partitions.set(key, {
      topic,
      partition,
      nextOffset,
      last: last?.position ?? this.#partitions.get(key)?.last ?? null,
    });
  }

  /** The positions as of now, to be saved later: what is handled in between is not in them. */
  snapshot(): { save(client: Queryable): Promise<void> } {
    const partitions = [...this.#partitions.values()].map((position) => ({
      ...position,
      eventIds: this.#deduplicator.eventIds(position.topic, EVENT_IDS_KEPT),
    }));
    return { save: (client) => savePositions(client, this.#consumer, partitions) };
  }

  /** Writes the positions as of now in the transaction that `client` is in. */
  save(client: Queryable): Promise<void> {
    return this.snapshot().save(client);
  }
}

async function savePositions(
  client: Queryable,
  consumer: string,
  partitions: readonly (PartitionPosition & { eventIds: string[] })[],
): Promise<void> {
  await client.query(
    `INSERT INTO consumer_positions (consumer, topic, partition, next_offset, epoch, id, event_ids)
     SELECT $1, topic, partition, next_offset, epoch, id, string_to_array(event_ids, ' ')
     FROM unnest($2::text[], $3::int[], $4::bigint[], $5::text[], $6::text[], $7::text[]) AS p(topic, partition, next_offset, epoch, id, event_ids)
     ON CONFLICT (consumer, topic, partition) DO UPDATE
       SET next_offset = excluded.next_offset, epoch = excluded.epoch, id = excluded.id, event_ids = excluded.event_ids`,
    [
      consumer,
      partitions.map(({ topic }) => topic),
      partitions.map(({ partition }) => partition),
      partitions.map(({ nextOffset }) => String(nextOffset)),
      partitions.map(({ last }) => last?.epoch ?? null),
      partitions.map(({ last }) => last?.id ?? null),
      partitions.map(({ eventIds }) => eventIds.join(" ")),
    ],
  );
}

interface PositionRow {
  topic: string;
  partition: number;
  next_offset: string;
  epoch: string | null;
  id: string | null;
  event_ids: string[];
}
