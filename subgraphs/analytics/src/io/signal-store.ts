import { CodedError } from "@mib/service/coded-error";
import { connectionOf, type Connection } from "@mib/subgraph-server/connection";
import type { Pool, PoolClient } from "pg";
import type { AnomalyMethod, AnomalyMetric } from "../domain/anomalies/anomaly.ts";
import type { BarInterval } from "../domain/market-memory.ts";
import type { Signal } from "../domain/signals.ts";

/** A signal with what it was found on. */
export interface FoundSignal extends Signal {
  id: string;
  symbol: string;
  interval: BarInterval;
  at: string;
}

/** What an anomaly was held against, as the API and the stream show it. */
export interface StoredEvidence {
  metric: AnomalyMetric;
  method: AnomalyMethod;
  interval: BarInterval;
  threshold: number;
  value: number;
  baseline: number;
  scale: number;
  from: string;
  to: string;
}

export function evidenceOf({ evidence, interval }: FoundSignal): StoredEvidence | null {
  if (evidence === undefined) return null;
  const { metric, method, threshold, value, baseline, scale, fromMs, toMs } = evidence;
  return { metric, method, interval, threshold, value, baseline, scale, from: timeOf(fromMs), to: timeOf(toMs) };
}

/** Without trailing zeros of the second: the canonical form of a DateTime. */
const timeOf = (ms: number): string => new Date(ms).toISOString().replace(/\.?0+Z$/, "Z");

/** A signal as the API shows it. */
export interface StoredSignal {
  id: string;
  instrument: { symbol: string };
  kind: "CROSS" | "BREAKOUT" | "ANOMALY";
  direction: "UP" | "DOWN" | null;
  score: number;
  at: string;
  explanation: string;
  evidence: StoredEvidence | null;
}

export interface SignalRow {
  id: string;
  symbol: string;
  kind: StoredSignal["kind"];
  direction: StoredSignal["direction"];
  score: number;
  at: Date;
  explanation: string;
  evidence: StoredEvidence | null;
  number: string;
}

export const SIGNAL_COLUMNS = "id, symbol, kind, direction, score, at, explanation, evidence, number";

/** The history of signals, newest first. A cursor stays valid while newer signals come in. */
export class SignalStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Adds those that are not there yet and returns them, each once: a signal that was found again adds nothing. */
  async add(client: PoolClient, found: readonly FoundSignal[]): Promise<FoundSignal[]> {
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO signals (id, symbol, interval, kind, direction, score, at, explanation, evidence)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::timestamptz[], $8::text[], $9::jsonb[])
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
        found.map((signal) => jsonOf(evidenceOf(signal))),
      ],
    );
    const added = new Set(rows.map(({ id }) => id));
    // Deleted from it: a bar that was revised within the batch has the same signal twice.
    return found.filter(({ id }) => added.delete(id));
  }

  async page({
    symbols,
    kinds,
    first,
    after,
  }: {
    symbols: readonly string[] | null;
    kinds: readonly string[] | null;
    first: number;
    after: string | null;
  }): Promise<Connection<StoredSignal>> {
    const before = after === null ? null : decodeCursor(after);
    const { rows } = await this.#pool.query<SignalRow>(
      `SELECT ${SIGNAL_COLUMNS} FROM signals
       WHERE ($1::text[] IS NULL OR symbol = ANY($1))
         AND ($2::timestamptz IS NULL OR (at, number) < ($2::timestamptz, $3::bigint))
         AND ($5::text[] IS NULL OR kind = ANY($5))
       ORDER BY at DESC, number DESC LIMIT $4`,
      [symbols, before?.at ?? null, before?.number ?? null, first + 1, kinds],
    );
    return connectionOf(rows, first, cursorOf, signalOf);
  }
}

export function signalOf(row: SignalRow): StoredSignal {
  return {
    id: row.id,
    instrument: { symbol: row.symbol },
    kind: row.kind,
    direction: row.direction,
    score: row.score,
    at: row.at.toISOString(),
    explanation: row.explanation,
    evidence: row.evidence,
  };
}

const jsonOf = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

function cursorOf(row: SignalRow): string {
  return Buffer.from(`${row.at.toISOString()} ${row.number}`).toString("base64url");
}

function decodeCursor(cursor: string): { at: string; number: string } {
  const match = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) (\d{1,18})$/.exec(Buffer.from(cursor, "base64url").toString());
  const atMs = Date.parse(match?.[1] ?? "");
  // What only looks like a time of ours, PostgreSQL would refuse.
  if (!match || !(atMs > 0)) throw new CodedError("BAD_USER_INPUT", "`after` is not a cursor of this list.");
  return { at: new Date(atMs).toISOString(), number: match[2]! };
}
