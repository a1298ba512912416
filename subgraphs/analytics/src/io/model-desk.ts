import { auditEvent } from "@mib/events/audit";
import type { CallerIdentity } from "@mib/identity/caller-identity";
import { requireRole } from "@mib/identity/require-role";
import { requireScope } from "@mib/identity/require-scope";
import { CodedError } from "@mib/service/coded-error";
import { inTransaction } from "@mib/subgraph-server/transaction";
import type { Pool, PoolClient } from "pg";
import { deservesPromotion, type Model, type Promotion } from "../domain/forecasting/model.ts";
import type { ModelTask } from "../domain/forecasting/model-task.ts";
import type { ModelJob, ModelJobStore } from "./model-job-store.ts";
import type { ModelStore } from "./model-store.ts";

/** Who asks, as the router says, and from where. */
export interface Caller {
  identity: CallerIdentity;
  origin: string | null;
}

/** What analysts do with models. All of it is in the audit trail, in the transaction that does it. */
export class ModelDesk {
  readonly #pool: Pool;
  readonly #models: ModelStore;
  readonly #jobs: ModelJobStore;
  readonly #onQueued: () => void;

  constructor(pool: Pool, models: ModelStore, jobs: ModelJobStore, onQueued: () => void) {
    this.#pool = pool;
    this.#models = models;
    this.#jobs = jobs;
    this.#onQueued = onQueued;
  }

  async queue(caller: Caller, task: ModelTask): Promise<ModelJob> {
    const userId = requireAnalyst(caller);
    const job = await this.#audited(
      caller,
      task.kind === "TRAINING" ? "model.train" : "model.backtest",
      (client) => this.#jobs.add(client, task, userId),
      ({ id }) => `model-job:${id}`,
    );
    this.#onQueued();
    return job;
  }

  async cancel(caller: Caller, id: string): Promise<ModelJob> {
    const userId = requireAnalyst(caller);
    return this.#audited(
      caller,
      "model-job.cancel",
      async (client) => {
        const job = await this.#jobs.cancel(client, id, userId);
        if (job === null) throw new CodedError("MODEL_JOB_NOT_FOUND", undefined, { id });
        return job;
      },
      () => `model-job:${id}`,
    );
  }

  async promote(
    caller: Caller,
    { id, note, force }: { id: string; note: string | null; force: boolean },
  ): Promise<Promotion> {
    const requestedBy = requireAnalyst(caller);
    const model = await this.#model(id);
    const allow = (championId: string | null) => {
      if (!force && !deservesPromotion(model, championId))
        throw new CodedError("MODEL_NOT_BETTER", undefined, {
          verdict: model.trained.evaluation.verdict,
          verdictAgainstChampion:
            model.lineage.championId === championId ? (model.trained.challenge?.verdict ?? null) : null,
        });
      return true;
    };
    return this.#audited(
      caller,
      "model.promote",
      // Null is for who asks whether it may; this one throws instead.
      async (client) => (await this.#models.promote(client, model, { note, requestedBy }, allow))!,
      () => `model:${id}`,
    );
  }

  async rollBack(caller: Caller, { id, note }: { id: string; note: string | null }): Promise<Promotion> {
    const requestedBy = requireAnalyst(caller);
    const model = await this.#model(id);
    return this.#audited(
      caller,
      "model.roll-back",
      (client) => this.#models.rollBack(client, model, { note, requestedBy }),
      () => `model:${id}`,
    );
  }

  async #model(id: string): Promise<Model> {
    const model = await this.#models.byId(id);
    if (model === null) throw new CodedError("MODEL_NOT_FOUND", undefined, { id });
    return model;
  }

  #audited<Result>(
    { identity, origin }: Caller,
    action: string,
    work: (client: PoolClient) => Promise<Result>,
    targetOf: (result: Result) => string,
  ): Promise<Result> {
    return inTransaction(this.#pool, async (client) => {
      const result = await work(client);
      await auditEvent(client, {
        actor: identity.subject,
        action,
        target: targetOf(result),
        origin,
        outcome: "SUCCESS",
        at: new Date().toISOString().replace(/\.?0+Z$/, "Z"),
      });
      return result;
    });
  }
}

/** The user id of who may train, test and promote models. */
function requireAnalyst({ identity }: Caller): string {
  const userId = requireRole(identity, "analyst");
  requireScope(identity, "models:write");
  return userId;
}
