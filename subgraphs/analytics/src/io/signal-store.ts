import { CodedError } from "@mib/service/coded-error";
import { connectionOf, type Connection } from "@mib/subgraph-server/connection";
import type { Pool, PoolClient } from "pg";
import type { BarInterval } from "../domain/market-memory.ts";
import type { Signal } from "../domain/signals.ts";

/** A signal with what it was found on. */
export interface FoundSignal extends Signal {
  id: string;
  symbol: string;
  interval: BarInterval;
  at: string;
}

/** A signal as the API shows it. */
interface StoredSignal {
  id: string;
  instrument: { symbol: string };
  kind: "CROSS" | "BREAKOUT" | "ANOMALY";
  direction: "UP" | "DOWN" | null;
  score: number;
  at: string;
  explanation: string;
}

interface Row {
  id: string;
  symbol: string;
  kind: StoredSignal["kind"];
  direction: StoredSignal["direction"];
  score: number;
  at: Date;
  explanation: string;
  number: string;
}

/** The history of signals, newest first. A cursor stays valid while newer signals come in. */
export class SignalStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Adds those that are not there yet and returns them: a signal that was found again adds nothing. */
  async add(client: PoolClient, found: readonly FoundSignal[]): Promise<FoundSignal[]> {
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO signals (id, symbol, interval, kind, direction, score, at, explanation)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::timestamptz[], $8::text[])
       ON CONFLICT (id) DO NOTHING RETURNING id`,
      [
        found.map(({ id }) => id),
        found.map(({ symbol }) => symbol),
        found.map(({ interval }) => interval),
        found.map(({ kind }) => kind),
        found.map(({ direction }) => direction),
        found.map(({ score }) => score),
        found.map(({ at }) => at),
        found.map(({ explanation }) => explanation),
      ],
    );
    const added = new Set(rows.map(({ id }) => id));
    return found.filter(({ id }) => added.has(id));
  }

  async page({
    symbols,
    first,
    after,
  }: {
    symbols: readonly string[] | null;
    first: number;
    after: string | null;
  }): Promise<Connection<StoredSignal>> {
    const before = after === null ? null : decodeCursor(after);
    const { rows } = await this.#pool.query<Row>(
      `SELECT id, symbol, kind, direction, score, at, explanation, number FROM signals
       WHERE ($1::text[] IS NULL OR symbol = ANY($1))
         AND ($2::timestamptz IS NULL OR (at, number) < ($2::timestamptz, $3::bigint))
       ORDER BY at DESC, number DESC LIMIT $4`,
      [symbols, before?.at ?? null, before?.number ?? null, first + 1],
    );
    return connectionOf(rows, first, cursorOf, signalOf);
  }
}

function signalOf(row: Row): StoredSignal {
  return {
    id: row.id,
    instrument: { symbol: row.symbol },
    kind: row.kind,
    direction: row.direction,
    score: row.score,
    at: row.at.toISOString(),
    explanation: row.explanation,
  };
}

function cursorOf(row: Row): string {
  return Buffer.from(`${row.at.toISOString()} ${row.number}`).toString("base64url");
}

function decodeCursor(cursor: string): { at: string; number: string } {
  const match = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) (\d{1,18})$/.exec(Buffer.from(cursor, "base64url").toString());
  if (!match) throw new CodedError("BAD_USER_INPUT", "`after` is not a cursor of this list.");
  return { at: match[1]!, number: match[2]! };
}
