import { randomUUID } from "node:crypto";
import { canonicalUuids } from "@mib/subgraph-server/uuid";
import type { Pool, PoolClient } from "pg";
import {
  freshState,
  type BarInterval,
  type Comparison,
  type Metric,
  type Rule,
  type RuleDefinition,
} from "../domain/rule.ts";

/** Rules in PostgreSQL. Every change of a definition is announced on the channel `rules_changed` with the rule's id. */
export class RuleStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async all(): Promise<Rule[]> {
    return rulesOf(await this.#pool.query(`SELECT ${COLUMNS} FROM rules`));
  }

  /** Those that there are; an id that is no UUID is no rule's. */
  async byIds(ids: readonly string[]): Promise<Rule[]> {
    const { rows } = await this.#pool.query(`SELECT ${COLUMNS} FROM rules WHERE id = ANY($1::uuid[])`, [
      canonicalUuids(ids),
    ]);
    return rulesOf({ rows });
  }

  /** The rules of these users, in the order they were made. */
  async ofUsers(userIds: readonly string[]): Promise<Rule[]> {
    return rulesOf(
      await this.#pool.query(`SELECT ${COLUMNS} FROM rules WHERE user_id = ANY($1) ORDER BY created_at, id`, [userIds]),
    );
  }

  /** Nobody else counts the user's rules until the transaction ends, so a limit that is checked holds. */
  async countOf(client: PoolClient, userId: string): Promise<number> {
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended('rules of ' || $1::text, 0))", [userId]);
    const { rows } = await client.query("SELECT count(*)::int AS count FROM rules WHERE user_id = $1", [userId]);
    return rows[0].count;
  }

  async create(client: PoolClient, userId: string, definition: RuleDefinition): Promise<Rule> {
    const result = await client.query(
      `INSERT INTO rules (id, user_id, symbol, metric, comparison, threshold_e9, interval, note, primed)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING ${COLUMNS}`,
      [randomUUID(), userId, ...valuesOf(definition), freshState(definition.comparison).primed],
    );
    return announced(client, rulesOf(result)[0]!);
  }

  /** Null when the user has no such rule. The rule begins anew: armed, with a new version. */
  async update(client: PoolClient, userId: string, id: string, definition: RuleDefinition): Promise<Rule | null> {
    const result = await client.query(
      `UPDATE rules SET symbol = $3, metric = $4, comparison = $5, threshold_e9 = $6, interval = $7, note = $8, primed = $9,
         version = version + 1, armed = true, arming = 0
       WHERE id = $1 AND user_id = $2 RETURNING ${COLUMNS}`,
      [id, userId, ...valuesOf(definition), freshState(definition.comparison).primed],
    );
    const rule = rulesOf(result)[0];
    return rule ? announced(client, rule) : null;
  }

  /** Returns whether the user had such a rule. */
  async delete(client: PoolClient, userId: string, id: string): Promise<boolean> {
    const { rowCount } = await client.query("DELETE FROM rules WHERE id = $1 AND user_id = $2", [id, userId]);
    if (rowCount === 1) await client.query("SELECT pg_notify('rules_changed', $1)", [id]);
    return rowCount === 1;
  }

  async deleteOf(client: PoolClient, userIds: readonly string[]): Promise<void> {
    await client.query(
      `WITH deleted AS (DELETE FROM rules WHERE user_id = ANY($1) RETURNING id)
       SELECT pg_notify('rules_changed', id::text) FROM deleted`,
      [userIds],
    );
  }

  /** Saves where rules stand; a rule whose definition changed meanwhile keeps its new beginning. */
  async saveStates(client: PoolClient, rules: readonly Rule[]): Promise<void> {
    await client.query(
      `UPDATE rules SET armed = s.armed, primed = s.primed, arming = s.arming, last_fired_at = s.last_fired_at
       FROM unnest($1::uuid[], $2::int[], $3::boolean[], $4::boolean[], $5::int[], $6::timestamptz[])
         AS s(id, version, armed, primed, arming, last_fired_at)
       WHERE rules.id = s.id AND rules.version = s.version`,
      [
        rules.map((rule) => rule.id),
        rules.map((rule) => rule.version),
        rules.map((rule) => rule.armed),
        rules.map((rule) => rule.primed),
        rules.map((rule) => rule.arming),
        rules.map((rule) => rule.lastFiredAt),
      ],
    );
  }
}

const COLUMNS =
  "id, user_id, version, symbol, metric, comparison, threshold_e9::text AS threshold_e9, interval, note, armed, primed, arming, last_fired_at";

interface Row {
  id: string;
  user_id: string;
  version: number;
  symbol: string;
  metric: Metric;
  comparison: Comparison;
  threshold_e9: string;
  interval: BarInterval | null;
  note: string | null;
  armed: boolean;
  primed: boolean;
  arming: number;
  last_fired_at: Date | null;
}

async function announced(client: PoolClient, rule: Rule): Promise<Rule> {
  await client.query("SELECT pg_notify('rules_changed', $1)", [rule.id]);
  return rule;
}

function valuesOf(definition: RuleDefinition): unknown[] {
  return [
    definition.symbol,
    definition.metric,
    definition.comparison,
    definition.thresholdE9.toString(),
    definition.interval,
    definition.note,
  ];
}

function rulesOf(result: { rows: unknown[] }): Rule[] {
  return (result.rows as Row[]).map((row) => ({
    id: row.id,
    userId: row.user_id,
    version: row.version,
    symbol: row.symbol,
    metric: row.metric,
    comparison: row.comparison,
    thresholdE9: BigInt(row.threshold_e9),
    interval: row.interval,
    note: row.note,
    armed: row.armed,
    primed: row.primed,
    arming: row.arming,
    lastFiredAt: row.last_fired_at?.toISOString() ?? null,
  }));
}
