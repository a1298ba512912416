import { CodedError } from "@mib/service/coded-error";
import { Counter } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import { inTransaction } from "@mib/subgraph-server/transaction";
import type { Pool } from "pg";
import { deservesPromotion } from "../domain/forecasting/model.ts";
import type { JobEnd, ModelJob, ModelJobStore } from "./model-job-store.ts";
import type { ModelStore } from "./model-store.ts";
import { startModelThread } from "./model-thread.ts";
import type { ModelResult } from "./model-work.ts";

const POLL_MS = 500;
const PRUNE_MS = 3_600_000;

export interface ModelJobRunnerOptions {
  pool: Pool;
  databaseUrl: string;
  jobs: ModelJobStore;
  models: ModelStore;
  /** Jobs at a time in this process. */
  threads: number;
  timeoutMs: number;
  /** The version of the code, for the lineage. */
  code: string;
}

/** What ends a run without ending its job: it was cancelled, or another process has it. */
class NotOurs extends Error {}

/** Takes jobs from the queue and does them in threads, until the service shuts down; then it gives back what it has. */
export function startModelJobRunner(service: Service, options: ModelJobRunnerOptions): { wake(): void } {
  const { pool, databaseUrl, jobs, models, threads, timeoutMs, code } = options;
  const { log, shutdownSignal } = service;
  const running = new Set<Promise<void>>();
  const endRunning = new Set<(reason: Error) => void>();
  const ended = new Counter({
    name: "analytics_model_jobs_total",
    help: "Jobs of models that ended here, by kind and state.",
    labelNames: ["kind", "state"],
    registers: [service.registry],
  });

  async function run(job: ModelJob): Promise<void> {
    const champion = job.kind === "TRAINING" ? await models.champion(job.task.spec) : null;
    const thread = startModelThread(databaseUrl, { task: job.task, champion: champion?.spec ?? null }, timeoutMs);
    endRunning.add(thread.end);
    const keeping = setInterval(() => {
      jobs.keep(job, thread.progress()).then(
        (isOurs) => void (isOurs || thread.end(new NotOurs())),
        (error: unknown) => log.warn({ err: error, job: job.id }, "the lease of a model's job could not be renewed"),
      );
    }, POLL_MS);
    try {
      const result = await thread.result;
      await finish(job, (client) => store(client, job, result, champion?.id ?? null));
    } catch (error) {
      if (shutdownSignal.aborted) await jobs.giveBack(job);
      else if (!(error instanceof NotOurs)) await fail(job, error);
    } finally {
      clearInterval(keeping);
      endRunning.delete(thread.end);
    }
  }

  async function store(
    client: Parameters<ModelJobStore["end"]>[0],
    job: ModelJob,
    result: ModelResult,
    championId: string | null,
  ): Promise<JobEnd> {
    const { task, id: jobId, requestedBy } = job;
    if ("backtest" in result) return { state: "DONE", modelId: job.modelId!, result: result.backtest };
    const { trained, dataset } = result;
    const lineage = { ...dataset, jobId, code, championId };
    const id = await models.add(client, task.spec, trained, lineage);
    if (task.kind === "TRAINING" && task.promoteIfBetter)
      await models.promote(
        client,
        { id, spec: task.spec },
        { note: "better when it was trained", requestedBy },
        (now) => deservesPromotion({ trained, lineage }, now),
      );
    return { state: "DONE", modelId: id, result: null };
  }

  async function finish(
    job: ModelJob,
    outcome: (client: Parameters<ModelJobStore["end"]>[0]) => Promise<JobEnd>,
  ): Promise<void> {
    await inTransaction(pool, async (client) => {
      const end = await outcome(client);
      // What was stored is undone with the transaction.
      if (!(await jobs.end(client, job, end))) throw new NotOurs();
      ended.inc({ kind: job.kind, state: end.state });
    });
  }

  async function fail(job: ModelJob, error: unknown): Promise<void> {
    const coded = error instanceof CodedError ? error : new CodedError("INTERNAL_ERROR");
    if (coded !== error || coded.code === "MODEL_LOOKS_AHEAD")
      log.error({ err: error, job: job.id }, "a model's job failed");
    const end: JobEnd = { state: "FAILED", errorCode: coded.code, errorMessage: coded.message };
    await finish(job, async () => end).catch((failure: unknown) => {
      if (!(failure instanceof NotOurs)) throw failure;
    });
  }

  let filling: Promise<void> | null = null;
  const fill = async () => {
    while (await jobs.takeBackOne());
    while (running.size < threads && !shutdownSignal.aborted) {
      const job = await jobs.claim();
      if (job === null) return;
      // What can't be written now, the lease brings back.
      const work = run(job)
        .catch((error: unknown) => log.error({ err: error, job: job.id }, "a model's job was left unfinished"))
        .finally(() => {
          running.delete(work);
          wake();
        });
      running.add(work);
    }
  };
  const wake = () => {
    if (shutdownSignal.aborted) return;
    filling ??= fill()
      .catch((error: unknown) => log.warn({ err: error }, "the queue of models' jobs could not be read"))
      .finally(() => (filling = null));
  };
  const polling = setInterval(wake, POLL_MS);
  const pruning = setInterval(
    () => jobs.prune().catch((error: unknown) => log.warn({ err: error }, "old jobs of models could not be deleted")),
    PRUNE_MS,
  );
  service.onShutdown("model jobs", async () => {
    clearInterval(polling);
    clearInterval(pruning);
    await filling;
    for (const end of endRunning) end(new NotOurs());
    await Promise.all(running);
  });
  return { wake };
}
