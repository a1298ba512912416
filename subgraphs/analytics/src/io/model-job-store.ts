import { randomUUID } from "node:crypto";
import { enqueueEvent } from "@mib/events/outbox";
import { CodedError } from "@mib/service/coded-error";
import { inTransaction } from "@mib/subgraph-server/transaction";
import type { Pool, PoolClient } from "pg";
import type { ModelTask } from "../domain/forecasting/model-task.ts";
import type { BacktestResult } from "./model-work.ts";
import { isId } from "./model-store.ts";

type JobState = "QUEUED" | "RUNNING" | "DONE" | "FAILED" | "CANCELLED";

export interface ModelJob {
  id: string;
  kind: ModelTask["kind"];
  state: JobState;
  requestedBy: string;
  task: ModelTask;
  progress: number;
  revision: number;
  /** Which run of it is under way. */
  run: string | null;
  modelId: string | null;
  result: BacktestResult | null;
  errorCode: string | null;
  errorMessage: string | null;
  createdAt: Date;
  updatedAt: Date;
}

/** What becomes of a job that ended. */
export type JobEnd =
  | { state: "DONE"; modelId: string; result: BacktestResult | null }
  | { state: "FAILED"; errorCode: string; errorMessage: string };

const OPEN_PER_USER_MAX = 5;
const OPEN_MAX = 100;
const ATTEMPTS_MAX = 3;
const LEASE = "interval '15 seconds'";
const KEPT = "interval '30 days'";
const COLUMNS = `id, kind, state, requested_by AS "requestedBy", task, progress, revision, run, model_id AS "modelId", result,
  error_code AS "errorCode", error_message AS "errorMessage", created_at AS "createdAt", updated_at AS "updatedAt"`;

/**
 * The queue of training and backtests, one for all processes. Each change is announced in the transaction that makes it. A run
 * owns its job for as long as its lease lasts; what it says afterwards is not taken.
 */
export class ModelJobStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async byId(id: string): Promise<ModelJob | null> {
    if (!isId(id)) return null;
    const { rows } = await this.#pool.query<ModelJob>(`SELECT ${COLUMNS} FROM model_jobs WHERE id = $1`, [id]);
    return rows[0] ?? null;
  }

  /** Throws TOO_MANY_MODEL_JOBS where the user, or all together, have as many open ones as they may. */
  async add(client: PoolClient, task: ModelTask, requestedBy: string): Promise<ModelJob> {
    // One at a time: two that count at once would both find room.
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended('analytics:model-jobs', 0))");
    const { rows: counts } = await client.query<{ all: number; own: number }>(
      `SELECT count(*)::int AS all, (count(*) FILTER (WHERE requested_by = $1))::int AS own FROM model_jobs
       WHERE state IN ('QUEUED', 'RUNNING')`,
      [requestedBy],
    );
    const { all, own } = counts[0]!;
    if (own >= OPEN_PER_USER_MAX || all >= OPEN_MAX)
      throw new CodedError("TOO_MANY_MODEL_JOBS", undefined, { own, ownMax: OPEN_PER_USER_MAX, allMax: OPEN_MAX });
    const modelId = task.kind === "BACKTEST" ? task.modelId : null;
    const { rows } = await client.query<ModelJob>(
      `INSERT INTO model_jobs (id, kind, state, requested_by, task, model_id) VALUES ($1, $2, 'QUEUED', $3, $4, $5) RETURNING ${COLUMNS}`,
      [randomUUID(), task.kind, requestedBy, JSON.stringify(task), modelId],
    );
    return announced(client, rows[0]!);
  }

  /** Takes the job whose turn it is, or null: users take turns, so one with many does not keep another waiting. */
  async claim(): Promise<ModelJob | null> {
    return this.#change(
      `UPDATE model_jobs SET state = 'RUNNING', run = $1, attempts = attempts + 1, progress = 0, started_at = clock_timestamp(),
         lease_until = now() + ${LEASE}, revision = revision + 1, updated_at = now()
       WHERE id = (
         SELECT id FROM model_jobs AS waiting WHERE state = 'QUEUED'
         ORDER BY (SELECT max(started_at) FROM model_jobs AS served WHERE served.requested_by = waiting.requested_by) NULLS FIRST, number
         LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING ${COLUMNS}`,
      [randomUUID()],
    );
  }

  /** Renews the lease, and says how far it is when that is news. False when the job is not this run's any more. */
  async keep({ id, run }: ModelJob, progress: number): Promise<boolean> {
    const changed = await this.#change(
      `UPDATE model_jobs SET progress = $3, lease_until = now() + ${LEASE}, revision = revision + 1, updated_at = now()
       WHERE id = $1 AND run = $2 AND state = 'RUNNING' AND $3 >= progress + 0.01 RETURNING ${COLUMNS}`,
      [id, run, progress],
    );
    if (changed !== null) return true;
    const { rowCount } = await this.#pool.query(
      `UPDATE model_jobs SET lease_until = now() + ${LEASE} WHERE id = $1 AND run = $2 AND state = 'RUNNING'`,
      [id, run],
    );
    return rowCount === 1;
  }

  /** In the transaction that stores what came of it. False when the job is not this run's any more. */
  async end(client: PoolClient, { id, run }: ModelJob, end: JobEnd): Promise<boolean> {
    const done = end.state === "DONE" ? end : null;
    const failed = end.state === "FAILED" ? end : null;
    const { rows } = await client.query<ModelJob>(
      `UPDATE model_jobs SET state = $3, model_id = coalesce($4, model_id), result = $5, error_code = $6, error_message = $7,
         progress = CASE WHEN $3 = 'DONE' THEN 1 ELSE progress END, lease_until = NULL, revision = revision + 1, updated_at = now()
       WHERE id = $1 AND run = $2 AND state = 'RUNNING' RETURNING ${COLUMNS}`,
      [
        id,
        run,
        end.state,
        done?.modelId ?? null,
        done?.result ? JSON.stringify(done.result) : null,
        failed?.errorCode ?? null,
        failed?.errorMessage ?? null,
      ],
    );
    if (rows[0] === undefined) return false;
    await announced(client, rows[0]);
    return true;
  }

  /** The job as it is then: what has ended stays. Null when the user has no such job. */
  async cancel(client: PoolClient, id: string, requestedBy: string): Promise<ModelJob | null> {
    if (!isId(id)) return null;
    const { rows } = await client.query<ModelJob>(
      `UPDATE model_jobs SET state = 'CANCELLED', lease_until = NULL, revision = revision + 1, updated_at = now()
       WHERE id = $1 AND requested_by = $2 AND state IN ('QUEUED', 'RUNNING') RETURNING ${COLUMNS}`,
      [id, requestedBy],
    );
    if (rows[0]) return announced(client, rows[0]);
    const { rows: ended } = await client.query<ModelJob>(
      `SELECT ${COLUMNS} FROM model_jobs WHERE id = $1 AND requested_by = $2`,
      [id, requestedBy],
    );
    return ended[0] ?? null;
  }

  /** Gives a job back that this process will not finish. It does not count as an attempt. */
  async giveBack({ id, run }: ModelJob): Promise<void> {
    await this.#change(
      `UPDATE model_jobs SET state = 'QUEUED', run = NULL, lease_until = NULL, attempts = attempts - 1, progress = 0,
         revision = revision + 1, updated_at = now()
       WHERE id = $1 AND run = $2 AND state = 'RUNNING' RETURNING ${COLUMNS}`,
      [id, run],
    );
  }

  /** Puts a job back into the queue whose process is gone; one that ended three processes fails. True when there was one. */
  async takeBackOne(): Promise<boolean> {
    const changed = await this.#change(
      `UPDATE model_jobs SET state = CASE WHEN attempts < ${ATTEMPTS_MAX} THEN 'QUEUED' ELSE 'FAILED' END,
         error_code = CASE WHEN attempts < ${ATTEMPTS_MAX} THEN NULL ELSE 'INTERNAL_ERROR' END,
         error_message = CASE WHEN attempts < ${ATTEMPTS_MAX} THEN NULL ELSE 'It could not be finished.' END,
         run = NULL, lease_until = NULL, progress = 0, revision = revision + 1, updated_at = now()
       WHERE id = (SELECT id FROM model_jobs WHERE state = 'RUNNING' AND lease_until < now() LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING ${COLUMNS}`,
      [],
    );
    return changed !== null;
  }

  /** Forgets jobs that ended long ago; models stay. */
  async prune(): Promise<void> {
    await this.#pool.query(
      `DELETE FROM model_jobs WHERE state NOT IN ('QUEUED', 'RUNNING') AND updated_at < now() - ${KEPT}`,
    );
  }

  async #change(statement: string, values: unknown[]): Promise<ModelJob | null> {
    return inTransaction(this.#pool, async (client) => {
      const { rows } = await client.query<ModelJob>(statement, values);
      return rows[0] ? announced(client, rows[0]) : null;
    });
  }
}

async function announced(client: PoolClient, job: ModelJob): Promise<ModelJob> {
  const { id, kind, state, task, progress, errorCode, errorMessage, updatedAt, revision } = job;
  await enqueueEvent(client, {
    topic: "analytics.jobs.v1",
    key: id,
    channel: "*",
    eventId: `${id}/${revision}`,
    value: {
      id,
      kind,
      state,
      instrument: { symbol: task.spec.symbol },
      progress,
      at: updatedAt.toISOString().replace(/\.?0+Z$/, "Z"),
      errorCode,
      errorMessage,
    },
  });
  return job;
}
