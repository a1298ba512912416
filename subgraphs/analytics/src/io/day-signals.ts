import type { Pool } from "pg";
import { SIGNAL_COLUMNS, signalOf, type SignalRow, type StoredSignal } from "./signal-store.ts";

/** Whose signals, in [fromMs, toMs). */
export interface SignalSpan {
  /** Null for all instruments. */
  symbol: string | null;
  fromMs: number;
  toMs: number;
}

const IN_SPAN = "($1::text IS NULL OR symbol = $1) AND at >= $2 AND at < $3";
const valuesOf = ({ symbol, fromMs, toMs }: SignalSpan) => [symbol, new Date(fromMs), new Date(toMs)];

/** Signals by the day in which they are, as briefs tell them. */
export class DaySignals {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async newest(span: SignalSpan, first: number): Promise<StoredSignal[]> {
    const { rows } = await this.#pool.query<SignalRow>(
      `SELECT ${SIGNAL_COLUMNS} FROM signals WHERE ${IN_SPAN} ORDER BY at DESC, number DESC LIMIT $4`,
      [...valuesOf(span), first],
    );
    return rows.map(signalOf);
  }

  /** Anomalies by how many times their threshold they are: scores of different methods have no other measure in common. */
  async anomalies(span: SignalSpan, first: number): Promise<StoredSignal[]> {
    const { rows } = await this.#pool.query<SignalRow>(
      `SELECT ${SIGNAL_COLUMNS} FROM signals WHERE ${IN_SPAN} AND kind = 'ANOMALY'
       ORDER BY score / (evidence->>'threshold')::float8 DESC NULLS LAST, at DESC, number DESC LIMIT $4`,
      [...valuesOf(span), first],
    );
    return rows.map(signalOf);
  }

  /** How many there are of each kind, the most frequent first. */
  async counts(span: SignalSpan): Promise<{ kind: StoredSignal["kind"]; count: number }[]> {
    const { rows } = await this.#pool.query<{ kind: StoredSignal["kind"]; count: number }>(
      `SELECT kind, count(*)::int AS count FROM signals WHERE ${IN_SPAN} GROUP BY kind ORDER BY count DESC, kind`,
      valuesOf(span),
    );
    return rows;
  }
}
