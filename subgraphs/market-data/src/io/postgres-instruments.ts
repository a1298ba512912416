import type { Database } from "@mib/subgraph-server/database";
import type { Instrument } from "../domain/instrument.ts";
import type { InstrumentStore } from "../domain/ports.ts";

/** Instruments in PostgreSQL: what is known of them while the engine can't be asked. */
export class PostgresInstruments implements InstrumentStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async all(): Promise<Instrument[]> {
    const { rows } = await this.#database.query<Instrument>(
      'SELECT symbol, name, venue, venue_symbol AS "venueSymbol", class, source FROM instruments ORDER BY symbol',
    );
    return rows;
  }

  async save(instruments: readonly Instrument[]): Promise<void> {
    const column = (of: (instrument: Instrument) => string) => instruments.map(of);
    await this.#database.query(
      `INSERT INTO instruments (symbol, name, venue, venue_symbol, class, source)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS i(symbol, name, venue, venue_symbol, class, source) ORDER BY symbol
       ON CONFLICT (symbol) DO UPDATE SET name = excluded.name, venue = excluded.venue, venue_symbol = excluded.venue_symbol, class = excluded.class, source = excluded.source`,
      [
        column((i) => i.symbol),
        column((i) => i.name),
        column((i) => i.venue),
        column((i) => i.venueSymbol),
        column((i) => i.class),
        column((i) => i.source),
      ],
    );
  }
}
