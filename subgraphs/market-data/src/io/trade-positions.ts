import type { Queryable } from "@mib/subgraph-server/database";
import type { Position } from "@mib/events/position";

export const TRADE_WRITER = "trade-writer";

/** Where the writing of a partition stands. */
export interface WritePosition {
  partition: number;
  nextOffset: bigint;
  /** The last event that was written. */
  last: Position | null;
}

/** Where partitions stand, for a writer that begins: those that were never written are missing. */
export async function readPositions(client: Queryable, topic: string): Promise<Map<number, WritePosition>> {
  const { rows } = await client.query<PositionRow>(
    "SELECT partition, next_offset, epoch, id FROM consumer_positions WHERE consumer = $1 AND topic = $2",
    [TRADE_WRITER, topic],
  );
  return byPartition(rows);
}

/**
 * Where partitions stand, held until the transaction that `client` is in ends: nobody else writes them meanwhile. One that was never
 * written stands where its writer begins.
 */
export async function holdPositions(
  client: Queryable,
  topic: string,
  begins: ReadonlyMap<number, bigint>,
): Promise<Map<number, WritePosition>> {
  // In the order of the partitions, so that two writers never wait for one another in a circle.
  const partitions = [...begins.keys()].sort((left, right) => left - right);
  await client.query(
    `INSERT INTO consumer_positions (consumer, topic, partition, next_offset, event_ids)
     SELECT $1, $2, partition, next_offset, '{}' FROM unnest($3::int[], $4::bigint[]) AS p (partition, next_offset)
     ON CONFLICT DO NOTHING`,
    [TRADE_WRITER, topic, partitions, partitions.map((partition) => String(begins.get(partition)))],
  );
  const { rows } = await client.query<PositionRow>(
    `SELECT partition, next_offset, epoch, id FROM consumer_positions
     WHERE consumer = $1 AND topic = $2 AND partition = ANY($3) ORDER BY partition FOR UPDATE`,
    [TRADE_WRITER, topic, partitions],
  );
  return byPartition(rows);
}

/** Notes where partitions stand, in the transaction that holds them. */
export async function savePositions(
  client: Queryable,
  topic: string,
  positions: readonly WritePosition[],
): Promise<void> {
  await client.query(
    `UPDATE consumer_positions AS known SET next_offset = p.next_offset, epoch = p.epoch, id = p.id
     FROM unnest($3::int[], $4::bigint[], $5::text[], $6::text[]) AS p (partition, next_offset, epoch, id)
     WHERE known.consumer = $1 AND known.topic = $2 AND known.partition = p.partition`,
    [
      TRADE_WRITER,
      topic,
      positions.map(({ partition }) => partition),
      positions.map(({ nextOffset }) => String(nextOffset)),
      positions.map(({ last }) => last?.epoch ?? null),
      positions.map(({ last }) => last?.id ?? null),
    ],
  );
}

interface PositionRow {
  partition: number;
  next_offset: string;
  epoch: string | null;
  id: string | null;
}

function byPartition(rows: readonly PositionRow[]): Map<number, WritePosition> {
  return new Map(
    rows.map(({ partition, next_offset, epoch, id }) => [
      partition,
      {
        partition,
        nextOffset: BigInt(next_offset),
        last: epoch === null || id === null ? null : { epoch, id },
      },
    ]),
  );
}
