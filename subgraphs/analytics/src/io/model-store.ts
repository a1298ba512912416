import { randomUUID } from "node:crypto";
import { CodedError } from "@mib/service/coded-error";
import { connectionOf, decodeCursor, encodeCursor, type Connection } from "@mib/subgraph-server/connection";
import type { Queryable } from "@mib/subgraph-server/database";
import DataLoader from "dataloader";
import type { Pool, PoolClient } from "pg";
import type { Lineage, Model, Promotion } from "../domain/forecasting/model.ts";
import type { ForecastTarget, ModelSpec } from "../domain/forecasting/model-spec.ts";
import type { Slot } from "../domain/forecasting/slot.ts";
import type { TrainedModel } from "../domain/forecasting/train.ts";

const COLUMNS = `models.id, models.number, models.version, models.created_at AS "createdAt", models.spec, models.trained, models.lineage`;
const PROMOTION_COLUMNS = `number, kind, model_id AS "modelId", replaces, at, note`;
const SLOT = "symbol = $1 AND target = $2 AND interval = $3 AND horizon = $4";
const PROMOTIONS_MAX = 20;
/** Of each there may be twenty champions, with all that they learned. */
const INSTRUMENTS_AT_ONCE_MAX = 100;

const valuesOf = ({ symbol, target, interval, horizon }: Slot) => [symbol, target, interval, horizon];
const keyOf = (slot: Slot): string => JSON.stringify(valuesOf(slot));

interface WantedChampions {
  symbol: string;
  first: number;
}

/** The registry: models, and who is and was champion. */
export class ModelStore {
  readonly #pool: Pool;
  /** What is asked for in one turn is read with one statement. */
  readonly #models: DataLoader<string, Model | null>;
  readonly #champions: DataLoader<Slot, Model | null, string>;
  readonly #championsOf: DataLoader<WantedChampions, Model[]>;
  readonly #promotions: DataLoader<string, Promotion[]>;
  /** By the number of a promotion. */
  readonly #promoted: DataLoader<string, Model | null>;

  constructor(pool: Pool) {
    this.#pool = pool;
    this.#models = new DataLoader(async (ids) => readModels(pool, ids), { cache: false });
    this.#champions = new DataLoader(async (slots) => readChampions(pool, slots), { cache: false, cacheKeyFn: keyOf });
    this.#championsOf = new DataLoader(async (wanted) => readChampionsOf(pool, wanted), {
      cache: false,
      maxBatchSize: INSTRUMENTS_AT_ONCE_MAX,
    });
    this.#promotions = new DataLoader(async (ids) => readPromotions(pool, ids), { cache: false });
    this.#promoted = new DataLoader(async (numbers) => readPromoted(pool, numbers), { cache: false });
  }

  byId(id: string): Promise<Model | null> {
    return isId(id) ? this.#models.load(id) : Promise.resolve(null);
  }

  champion(slot: Slot): Promise<Model | null> {
    return isNobodys(slot.symbol) ? Promise.resolve(null) : this.#champions.load(slot);
  }

  /** The champions of an instrument, or of all (null), those that were trained last first. */
  async championsOf(symbol: string | null, first: number): Promise<Model[]> {
    if (symbol !== null) return isNobodys(symbol) ? [] : this.#championsOf.load({ symbol, first });
    return (await this.page({ symbols: null, target: null, championsOnly: true, first, after: null })).nodes;
  }

  /** The newest first. */
  async page({
    symbols,
    target,
    championsOnly,
    first,
    after,
  }: {
    symbols: readonly string[] | null;
    target: ForecastTarget | null;
    championsOnly: boolean;
    first: number;
    after: string | null;
  }): Promise<Connection<Model>> {
    const before = after === null ? null : decodeCursor(after, ["number"])[0];
    const { rows } = await this.#pool.query<Model>(
      `SELECT ${COLUMNS} FROM models
       WHERE ($1::text[] IS NULL OR symbol = ANY($1)) AND ($2::text IS NULL OR target = $2) AND ($3::float8 IS NULL OR number < $3)
         AND (NOT $4 OR id = (
           SELECT model_id FROM model_promotions AS p WHERE (p.symbol, p.target, p.interval, p.horizon)
             = (models.symbol, models.target, models.interval, models.horizon) ORDER BY p.number DESC LIMIT 1))
       ORDER BY number DESC LIMIT $5`,
      [symbols, target, before, championsOnly, first + 1],
    );
    return connectionOf(rows, first, ({ number }) => encodeCursor(Number(number)));
  }

  /** The newest first. */
  promotionsOf(modelId: string): Promise<Promotion[]> {
    return this.#promotions.load(modelId);
  }

  /** The model that a promotion replaced. */
  async replacedBy({ replaces }: Promotion): Promise<Model | null> {
    return replaces === null ? null : this.#promoted.load(replaces);
  }

  /** Numbers the model within its kind and slot. */
  async add(client: PoolClient, spec: ModelSpec, trained: TrainedModel, lineage: Lineage): Promise<string> {
    await lockSlot(client, spec);
    const id = randomUUID();
    await client.query(
      `INSERT INTO models (symbol, target, interval, horizon, kind, id, spec, trained, lineage, version)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,
         (SELECT coalesce(max(version), 0) + 1 FROM models WHERE ${SLOT} AND kind = $5))`,
      [...valuesOf(spec), spec.kind, id, JSON.stringify(spec), JSON.stringify(trained), JSON.stringify(lineage)],
    );
    return id;
  }

  /** Makes the model champion, or leaves it (null) when `allow` says no to it beside the champion as it is then. */
  async promote(
    client: PoolClient,
    { id, spec }: Pick<Model, "id" | "spec">,
    { note, requestedBy }: { note: string | null; requestedBy: string },
    allow: (championId: string | null) => boolean,
  ): Promise<Promotion | null> {
    await lockSlot(client, spec);
    const current = await currentPromotion(client, spec);
    if (current?.modelId === id) return current;
    if (!allow(current?.modelId ?? null)) return null;
    return record(client, spec, {
      modelId: id,
      replaces: current?.number ?? null,
      kind: "PROMOTION",
      note,
      requestedBy,
    });
  }

  /** Makes the model champion again that this one replaced. */
  async rollBack(
    client: PoolClient,
    { id, spec }: Pick<Model, "id" | "spec">,
    { note, requestedBy }: { note: string | null; requestedBy: string },
  ): Promise<Promotion> {
    await lockSlot(client, spec);
    const current = await currentPromotion(client, spec);
    if (current?.modelId !== id) throw new CodedError("MODEL_NOT_CHAMPION");
    if (current.replaces === null) throw new CodedError("NO_EARLIER_CHAMPION");
    const { rows } = await client.query<Promotion>(
      `SELECT ${PROMOTION_COLUMNS} FROM model_promotions WHERE number = $1`,
      [current.replaces],
    );
    const { modelId, replaces } = rows[0]!;
    return record(client, spec, { modelId, replaces, kind: "ROLLBACK", note, requestedBy });
  }
}

/** One change of a slot at a time. */
async function lockSlot(client: PoolClient, slot: Slot): Promise<void> {
  await client.query("SELECT pg_advisory_xact_lock(hashtextextended('analytics:model-slot:' || $1, 0))", [keyOf(slot)]);
}

async function currentPromotion(client: PoolClient, slot: Slot): Promise<Promotion | null> {
  const { rows } = await client.query<Promotion>(
    `SELECT ${PROMOTION_COLUMNS} FROM model_promotions WHERE ${SLOT} ORDER BY number DESC LIMIT 1`,
    valuesOf(slot),
  );
  return rows[0] ?? null;
}

async function record(
  client: PoolClient,
  slot: Slot,
  promotion: Omit<Promotion, "number" | "at"> & { requestedBy: string },
): Promise<Promotion> {
  const { modelId, replaces, kind, note, requestedBy } = promotion;
  const { rows } = await client.query<Promotion>(
    `INSERT INTO model_promotions (symbol, target, interval, horizon, model_id, replaces, kind, note, requested_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING ${PROMOTION_COLUMNS}`,
    [...valuesOf(slot), modelId, replaces, kind, note, requestedBy],
  );
  return rows[0]!;
}

async function readModels(database: Queryable, ids: readonly string[]): Promise<(Model | null)[]> {
  const { rows } = await database.query<Model>(`SELECT ${COLUMNS} FROM models WHERE id = ANY($1::uuid[])`, [ids]);
  const byId = new Map(rows.map((model) => [model.id, model]));
  return ids.map((id) => byId.get(id) ?? null);
}

async function readChampions(database: Queryable, slots: readonly Slot[]): Promise<(Model | null)[]> {
  const { rows } = await database.query<Model>(
    `SELECT ${COLUMNS} FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[])) AS slot (symbol, target, interval, horizon)
     CROSS JOIN LATERAL (SELECT model_id FROM model_promotions AS p WHERE (p.symbol, p.target, p.interval, p.horizon)
       = (slot.symbol, slot.target, slot.interval, slot.horizon) ORDER BY p.number DESC LIMIT 1) AS current
     JOIN models ON models.id = current.model_id`,
    [
      slots.map(({ symbol }) => symbol),
      slots.map(({ target }) => target),
      slots.map(({ interval }) => interval),
      slots.map(({ horizon }) => horizon),
    ],
  );
  const bySlot = new Map(rows.map((model) => [keyOf(model.spec), model]));
  return slots.map((slot) => bySlot.get(keyOf(slot)) ?? null);
}

async function readChampionsOf(database: Queryable, wanted: readonly WantedChampions[]): Promise<Model[][]> {
  const { rows } = await database.query<Model & { place: number }>(
    `SELECT wanted.place::int AS place, found.* FROM unnest($1::text[], $2::int[]) WITH ORDINALITY AS wanted (symbol, first, place)
     CROSS JOIN LATERAL (
       SELECT ${COLUMNS} FROM (
         SELECT DISTINCT ON (target, interval, horizon) model_id FROM model_promotions WHERE symbol = wanted.symbol
         ORDER BY target, interval, horizon, number DESC) AS current
       JOIN models ON models.id = current.model_id ORDER BY models.number DESC LIMIT wanted.first) AS found
     ORDER BY place, found.number DESC`,
    [wanted.map(({ symbol }) => symbol), wanted.map(({ first }) => first)],
  );
  const champions: Model[][] = wanted.map(() => []);
  for (const { place, ...model } of rows) champions[place - 1]!.push(model);
  return champions;
}

async function readPromotions(database: Queryable, modelIds: readonly string[]): Promise<Promotion[][]> {
  const { rows } = await database.query<Promotion>(
    `SELECT promotion.* FROM (SELECT DISTINCT * FROM unnest($1::uuid[])) AS wanted (id)
     CROSS JOIN LATERAL (SELECT ${PROMOTION_COLUMNS} FROM model_promotions WHERE model_id = wanted.id
       ORDER BY number DESC LIMIT ${PROMOTIONS_MAX}) AS promotion`,
    [modelIds],
  );
  return modelIds.map((id) => rows.filter(({ modelId }) => modelId === id));
}

async function readPromoted(database: Queryable, numbers: readonly string[]): Promise<(Model | null)[]> {
  const { rows } = await database.query<Model & { promotion: string }>(
    `SELECT model_promotions.number AS promotion, ${COLUMNS} FROM models JOIN model_promotions ON model_id = models.id
     WHERE model_promotions.number = ANY($1::bigint[])`,
    [numbers],
  );
  const byNumber = new Map(rows.map(({ promotion, ...model }) => [promotion, model]));
  return numbers.map((number) => byNumber.get(number) ?? null);
}

/** PostgreSQL holds no text with it, and would refuse all that is asked together with it. */
const isNobodys = (symbol: string): boolean => symbol.includes("\0");

/** Ids are UUIDs: others are of nothing here, and PostgreSQL need not be asked. */
export const isId = (id: string): boolean => /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(id);
