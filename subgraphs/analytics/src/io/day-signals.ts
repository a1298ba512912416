import type { Pool } from "pg";
import type { BriefDay, InstrumentSpan } from "../domain/briefs/brief-day.ts";
import { SIGNAL_COLUMNS, signalOf, type SignalRow, type StoredSignal } from "./signal-store.ts";

/** Whose signals, in [fromMs, toMs). */
export type SignalSpan = Omit<InstrumentSpan, "symbol"> & {
  /** Null for all instruments. */
  symbol: string | null;
};

/** How many there are of a kind. */
export interface KindCount {
  kind: StoredSignal["kind"];
  count: number;
}

/** As rows (symbol, from_time, to_time, place). */
const SPANS =
  "unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS span (symbol, from_time, to_time, place)";
const IN_SPAN = "signals.symbol = span.symbol AND at >= span.from_time AND at < span.to_time";
const valuesOf = (spans: readonly InstrumentSpan[]) => [
  spans.map(({ symbol }) => symbol),
  spans.map(({ fromMs }) => new Date(fromMs)),
  spans.map(({ toMs }) => new Date(toMs)),
];

/** Signals by the day in which they are, as briefs tell them: of many instruments with one statement. */
export class DaySignals {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Of each span the newest, newest first. */
  async newest(spans: readonly (InstrumentSpan & { first: number })[]): Promise<StoredSignal[][]> {
    const { rows } = await this.#pool.query<SignalRow & { place: number }>(
      `SELECT span.place::int AS place, found.*
       FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::int[])
         WITH ORDINALITY AS span (symbol, from_time, to_time, first, place)
       CROSS JOIN LATERAL (
         SELECT ${SIGNAL_COLUMNS} FROM signals WHERE ${IN_SPAN} ORDER BY at DESC, number DESC LIMIT span.first) AS found
       ORDER BY place, at DESC, number DESC`,
      [...valuesOf(spans), spans.map(({ first }) => first)],
    );
    return byPlace(spans, rows, signalOf);
  }

  /** Anomalies by how many times their threshold they are: scores of different methods have no other measure in common. */
  async anomalies({ fromMs, toMs }: BriefDay, first: number): Promise<StoredSignal[]> {
    const { rows } = await this.#pool.query<SignalRow>(
      `SELECT ${SIGNAL_COLUMNS} FROM signals WHERE at >= $1 AND at < $2 AND kind = 'ANOMALY'
       ORDER BY score / (evidence->>'threshold')::float8 DESC NULLS LAST, at DESC, number DESC LIMIT $3`,
      [new Date(fromMs), new Date(toMs), first],
    );
    return rows.map(signalOf);
  }

  /** Of each span how many there are of each kind, the most frequent first: a statement for all instruments, one for each day of the market. */
  async counts(spans: readonly SignalSpan[]): Promise<KindCount[][]> {
    const own = spans.filter(isOfInstrument);
    const [ofInstruments, ...ofDays] = await Promise.all([
      own.length === 0 ? [] : this.#instrumentCounts(own),
      ...spans.filter((span) => !isOfInstrument(span)).map((day) => this.#dayCounts(day)),
    ]);
    const [instruments, days] = [ofInstruments.values(), ofDays.values()];
    return spans.map((span) => (isOfInstrument(span) ? instruments : days).next().value!);
  }

  async #instrumentCounts(spans: readonly InstrumentSpan[]): Promise<KindCount[][]> {
    const { rows } = await this.#pool.query<KindCount & { place: number }>(
      `SELECT span.place::int AS place, kind, count(*)::int AS count FROM ${SPANS} JOIN signals ON ${IN_SPAN}
       GROUP BY span.place, kind ORDER BY place, count DESC, kind`,
      valuesOf(spans),
    );
    return byPlace(spans, rows, ({ kind, count }) => ({ kind, count }));
  }

  async #dayCounts({ fromMs, toMs }: SignalSpan): Promise<KindCount[]> {
    const { rows } = await this.#pool.query<KindCount>(
      "SELECT kind, count(*)::int AS count FROM signals WHERE at >= $1 AND at < $2 GROUP BY kind ORDER BY count DESC, kind",
      [new Date(fromMs), new Date(toMs)],
    );
    return rows;
  }
}

const isOfInstrument = (span: SignalSpan): span is InstrumentSpan => span.symbol !== null;

/** The rows of each span, by its place (from 1), in their order. */
function byPlace<Row extends { place: number }, Value>(
  spans: readonly unknown[],
  rows: readonly Row[],
  valueOf: (row: Row) => Value,
): Value[][] {
  const values: Value[][] = spans.map(() => []);
  for (const row of rows) values[row.place - 1]!.push(valueOf(row));
  return values;
}
