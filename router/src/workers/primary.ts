import cluster, { type Worker } from "node:cluster";
import type { HealthReport } from "@mib/service/health";
import { AggregatorRegistry, Counter, Gauge } from "@mib/service/metrics";
import type { Service } from "@mib/service/run";
import { Conversation } from "./conversation.ts";
import type { Asked, WorkerHealth, WorkerMessage } from "./worker-messages.ts";

const RESTART_MS = 100;
const RESTART_MS_MAX = 10_000;
/** A worker that lived so long did not die of how it started. */
const LIVED_MS = 30_000;
/** After it, whoever has not stopped never will. */
const STOP_MS_MAX = 7_500;

/**
 * Starts workers that serve on one port, and replaces one that dies: at once, and more and more slowly while they die young.
 * Returns when all serve for the first time; a worker that cannot even start then ends the whole.
 */
export class Primary {
  readonly #service: Service;
  readonly #count: number;
  readonly #workers = new Map<Worker, Conversation>();
  readonly #restarts: Counter;
  readonly #restartTimers = new Set<NodeJS.Timeout>();
  #diedYoung = 0;
  #serving = 0;
  readonly #started = Promise.withResolvers<void>();

  constructor(service: Service, count: number) {
    this.#service = service;
    this.#count = count;
    const workers = this.#workers;
    const running = new Gauge({
      name: "router_workers",
      help: "Worker processes that run.",
      registers: [],
      collect() {
        this.set(workers.size);
      },
    });
    service.registry.registerMetric(running);
    this.#restarts = new Counter({
      name: "router_worker_restarts_total",
      help: "Workers that died and were replaced.",
      registers: [service.registry],
    });
    service.onShutdown("workers", () => this.#stop());
  }

  start(): Promise<void> {
    for (let i = 0; i < this.#count; i++) this.#fork();
    return this.#started.promise;
  }

  #fork(): void {
    const worker = cluster.fork();
    const startedAt = performance.now();
    const conversation = new Conversation((message) => worker.isConnected() && worker.send(message));
    this.#workers.set(worker, conversation);
    worker.on("error", (error) => this.#service.log.warn({ err: error }, "a worker cannot be told something"));
    worker.on("message", (message: WorkerMessage) => {
      if (message.kind === "answered") conversation.heard(message);
      else if (message.kind === "asked") void this.#answer(worker, message);
      else if (message.kind === "serving" && ++this.#serving === this.#count) this.#started.resolve();
    });
    worker.on("exit", (code, signal) => {
      this.#workers.delete(worker);
      if (this.#service.shutdownSignal.aborted) return;
      this.#diedYoung = performance.now() - startedAt < LIVED_MS ? this.#diedYoung + 1 : 0;
      if (this.#serving < this.#count) return this.#started.reject(new Error(`a worker ended with ${signal ?? code}`));
      this.#restarts.inc();
      const waitMs = Math.min(RESTART_MS_MAX, RESTART_MS * 2 ** this.#diedYoung);
      this.#service.log.error({ pid: worker.process.pid, code, signal, waitMs }, "a worker died and is replaced");
      const timer = setTimeout(() => {
        this.#restartTimers.delete(timer);
        this.#fork();
      }, waitMs);
      this.#restartTimers.add(timer);
    });
  }

  async #answer(worker: Worker, { id, what }: Asked): Promise<void> {
    const answer = what === "metrics" ? await this.metrics() : await this.health();
    if (worker.isConnected()) worker.send({ kind: "answered", id, answer } satisfies WorkerMessage);
  }

  /** Ready when as many workers as there should be are. */
  async health(): Promise<HealthReport> {
    const reports = await this.#askAll<WorkerHealth>("health");
    const checks: HealthReport["checks"] = { workers: { ok: reports.length === this.#count, detail: this.#count } };
    for (const [index, { ready, ...detail }] of reports.entries())
      checks[`worker ${index + 1}`] = { ok: ready, detail };
    return { ready: Object.values(checks).every(({ ok }) => ok), checks };
  }

  /** The figures of all workers and of this process as one. */
  async metrics(): Promise<string> {
    const own = await this.#service.registry.getMetricsAsJSON();
    return AggregatorRegistry.aggregate([own, ...(await this.#askAll<object[]>("metrics"))]).metrics();
  }

  /** The answers of those that answer. */
  async #askAll<T>(what: Asked["what"]): Promise<T[]> {
    const answers = await Promise.allSettled([...this.#workers.values()].map((worker) => worker.ask(what)));
    return answers.flatMap((each) => (each.status === "fulfilled" ? [each.value as T] : []));
  }

  async #stop(): Promise<void> {
    for (const timer of this.#restartTimers) clearTimeout(timer);
    const stopped = [...this.#workers.keys()].map((worker) => {
      const exited = new Promise((resolve) => worker.once("exit", resolve));
      if (worker.isConnected()) worker.send({ kind: "stop" } satisfies WorkerMessage);
      return exited;
    });
    const deadline = setTimeout(() => {
      for (const worker of this.#workers.keys()) worker.process.kill("SIGKILL");
    }, STOP_MS_MAX);
    await Promise.all(stopped);
    clearTimeout(deadline);
  }
}
