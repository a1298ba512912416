import type { Database, Queryable } from "@mib/subgraph-server/database";
import { canonicalDecimal } from "@mib/subgraph-server/scalars";
import { LATEST_NANOS } from "../domain/nanos-of.ts";
import {
  expiredReadings,
  readingPartitionNamed,
  readingPartitionOf,
  type ReadingPartition,
} from "../domain/reading-partitions.ts";
import type { ReadingPage, SensorReading } from "../domain/sensor-reading.ts";
import { TablePartitions } from "./table-partitions.ts";

/** Readings of sensors in PostgreSQL, written in bulk, read newest first. */
export class PostgresReadings {
  readonly #database: Database;
  readonly #partitions = new TablePartitions<ReadingPartition>({
    lock: "reading partitions",
    named: readingPartitionNamed,
    placeOf: ({ fromNanos, toNanos }) => ({ table: "sensor_readings", from: String(fromNanos), to: String(toNanos) }),
  });

  constructor(database: Database) {
    this.#database = database;
  }

  /** The first of a page over all these sensors, and one more where there is one. */
  async page(
    sensorIds: readonly string[],
    { fromNanos, toNanos, first, after }: ReadingPage,
  ): Promise<SensorReading[]> {
    // By sensor, so that each is read from the end of its own part of the index.
    const { rows } = await this.#database.query<ReadingRow>(
      `SELECT r.* FROM unnest($1::text[]) AS s(sensor_id) CROSS JOIN LATERAL (
         SELECT sensor_id, at_nanos, id, value, unit FROM sensor_readings
         WHERE sensor_id = s.sensor_id AND at_nanos >= $2 AND at_nanos < $3 AND at_nanos <= $4 AND (at_nanos < $4 OR id < $5)
         ORDER BY at_nanos DESC, id DESC LIMIT $6
       ) r ORDER BY at_nanos DESC, id DESC LIMIT $6`,
      [
        [...new Set(sensorIds)],
        String(fromNanos ?? 0n),
        String(toNanos ?? LATEST_NANOS),
        String(after?.atNanos ?? LATEST_NANOS),
        after?.id ?? "",
        first + 1,
      ],
    );
    return rows.map(readingOf);
  }

  /** The newest of each sensor; null where there is none. */
  async latest(sensorIds: readonly string[]): Promise<(SensorReading | null)[]> {
    const { rows } = await this.#database.query<ReadingRow>(
      `SELECT r.* FROM unnest($1::text[]) AS s(sensor_id) CROSS JOIN LATERAL (
         SELECT sensor_id, at_nanos, id, value, unit FROM sensor_readings
         WHERE sensor_id = s.sensor_id ORDER BY at_nanos DESC, id DESC LIMIT 1
       ) r`,
      [[...new Set(sensorIds)]],
    );
    const found = new Map(rows.map((row) => [row.sensor_id, readingOf(row)]));
    return sensorIds.map((id) => found.get(id) ?? null);
  }

  /** Writes readings in the transaction that `client` is in. One that is there already stays as it is. */
  async write(client: Queryable, readings: readonly SensorReading[]): Promise<void> {
    if (readings.length === 0) return;
    await this.#partitions.write(client, readings.map(partitionOf), () => insert(client, readings));
  }

  /** After the commit the partitions of these readings are there for good. */
  notePartitions(readings: readonly SensorReading[]): void {
    this.#partitions.note(readings.map(partitionOf));
  }

  /** Drops the partitions that are older than the retention, and says which. */
  async dropExpired(retentionDays: number, nowMs = Date.now()): Promise<string[]> {
    const all = await this.#partitions.list(this.#database);
    return this.#partitions.drop(this.#database, expiredReadings(all, retentionDays, nowMs));
  }
}

const partitionOf = ({ atNanos }: SensorReading) => readingPartitionOf(atNanos);

async function insert(client: Queryable, readings: readonly SensorReading[]): Promise<void> {
  const column = <Value>(of: (reading: SensorReading) => Value) => readings.map(of);
  await client.query(
    `INSERT INTO sensor_readings (sensor_id, at_nanos, id, value, unit)
     SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::numeric[], $5::text[])
     ON CONFLICT (sensor_id, at_nanos, id) DO NOTHING`,
    [
      column(({ sensorId }) => sensorId),
      column(({ atNanos }) => String(atNanos)),
      column(({ id }) => id),
      column(({ value }) => value),
      column(({ unit }) => unit),
    ],
  );
}

interface ReadingRow {
  sensor_id: string;
  at_nanos: string;
  id: string;
  value: string;
  unit: string | null;
}

function readingOf({ sensor_id: sensorId, at_nanos: atNanos, id, value, unit }: ReadingRow): SensorReading {
  return { id, sensorId, value: canonicalDecimal(value) as string, unit, atNanos: BigInt(atNanos) };
}
