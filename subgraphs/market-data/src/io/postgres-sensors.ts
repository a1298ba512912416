import type { Database, Queryable } from "@mib/subgraph-server/database";
import type { Sensor, SensorPage } from "../domain/sensor.ts";

/** The definitions of sensors in PostgreSQL. */
export class PostgresSensors {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** In the order given; null for one that is not defined. */
  async byIds(ids: readonly string[]): Promise<(Sensor | null)[]> {
    const { rows } = await this.#database.query<SensorRow>(`SELECT ${COLUMNS} FROM sensors WHERE id = ANY($1)`, [
      ids.filter((id) => !id.includes("\u0000")),
    ]);
    const found = new Map(rows.map((row) => [row.id, sensorOf(row)]));
    return ids.map((id) => found.get(id) ?? null);
  }

  /** The first of a page, and one more where there is one. */
  async page({ symbols, source, kind, first, afterId }: SensorPage): Promise<Sensor[]> {
    const { rows } = await this.#database.query<SensorRow>(
      `SELECT ${COLUMNS} FROM sensors
       WHERE ($1::text[] IS NULL OR symbols && $1) AND ($2::text IS NULL OR source = $2) AND ($3::text IS NULL OR kind = $3) AND ($4::text IS NULL OR id > $4)
       ORDER BY id LIMIT $5`,
      [symbols, source, kind, afterId, first + 1],
    );
    return rows.map(sensorOf);
  }

  /** For each symbol, the sensors that are bound to it, in the order of their ids. */
  async boundTo(symbols: readonly string[]): Promise<Sensor[][]> {
    const { rows } = await this.#database.query<SensorRow>(
      `SELECT ${COLUMNS} FROM sensors WHERE symbols && $1::text[] ORDER BY id`,
      [symbols],
    );
    const bound = new Map<string, Sensor[]>(symbols.map((symbol) => [symbol, []]));
    for (const sensor of rows.map(sensorOf)) for (const symbol of sensor.symbols) bound.get(symbol)?.push(sensor);
    return symbols.map((symbol) => bound.get(symbol) as Sensor[]);
  }

  /** Writes definitions in the transaction that `client` is in, the last one of each sensor. */
  async write(client: Queryable, sensors: readonly Sensor[]): Promise<void> {
    const last = [...new Map(sensors.map((sensor) => [sensor.id, sensor])).values()];
    if (last.length === 0) return;
    const column = <Value>(of: (sensor: Sensor) => Value) => last.map(of);
    await client.query(
      `INSERT INTO sensors (id, source, metric, name, kind, unit, symbols, defined_at)
       SELECT id, source, metric, name, kind, unit, ARRAY(SELECT jsonb_array_elements_text(symbols)), defined_at
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::timestamptz[])
         AS s(id, source, metric, name, kind, unit, symbols, defined_at)
       ON CONFLICT (id) DO UPDATE SET
         name = excluded.name, kind = excluded.kind, unit = excluded.unit, symbols = excluded.symbols, defined_at = excluded.defined_at`,
      [
        column(({ id }) => id),
        column(({ source }) => source),
        column(({ metric }) => metric),
        column(({ name }) => name),
        column(({ kind }) => kind),
        column(({ unit }) => unit),
        column(({ symbols }) => JSON.stringify(symbols)),
        column(({ definedAt }) => definedAt),
      ],
    );
  }
}

const COLUMNS = "id, source, metric, name, kind, unit, symbols, defined_at";

interface SensorRow {
  id: string;
  source: string;
  metric: string;
  name: string;
  kind: Sensor["kind"];
  unit: string;
  symbols: string[];
  defined_at: Date;
}

function sensorOf({ defined_at: definedAt, ...row }: SensorRow): Sensor {
  return { ...row, definedAt: definedAt.toISOString() };
}
