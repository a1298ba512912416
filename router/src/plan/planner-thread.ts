import { Worker } from "node:worker_threads";
import type { QueryPlan } from "@apollo/query-planner";
import { CodedError } from "@mib/service/coded-error";
import type { PlannerReply, PlannerRequest } from "./planner-messages.ts";
import type { Planner, Planners } from "./planners.ts";

interface Task {
  request: PlannerRequest;
  resolve(plan: QueryPlan | null): void;
  reject(error: Error): void;
}

export interface PlannerThreadLimits {
  /** An operation that takes longer is refused, and the thread begins anew. */
  planningMsMax: number;
  /** Operations that may wait for the thread; more are refused for now. */
  waitingMax: number;
  heapMbMax: number;
}

const LIMITS: PlannerThreadLimits = { planningMsMax: 10_000, waitingMax: 1_000, heapMbMax: 768 };
/**
 * Three half spaces of 16 MB, which is enough for planning to leave nothing behind in the old generation. Apart from that they are never
 * given back: with V8's own 192 the thread had 80 MB more for as fast plans.
 */
const YOUNG_MB_MAX = 48;
/** Building a supergraph's planner and loading it into the gateway have no client that waits. */
const BUILD_MS_MAX = 60_000;

/**
 * Plans, and loads supergraphs into Apollo's gateway, in a thread of its own, one operation after another. A thread that takes too long, or dies, is replaced: what was
 * under way fails, what waits is planned by the next one.
 */
export class PlannerThread implements Planners {
  readonly #limits: PlannerThreadLimits;
  /** Supergraphs in use: a new thread has to build their planners first. */
  readonly #supergraphs = new Map<number, string>();
  readonly #waiting: Task[] = [];
  #underWay: Task | null = null;
  #deadline: NodeJS.Timeout | undefined;
  #worker: Worker | null = null;
  /** Planners that the thread builds again before it comes to what was asked of it. */
  #rebuilding = 0;
  #planners = 0;
  #closed = false;

  constructor(limits: Partial<PlannerThreadLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  /** Begins to load the thread before it is asked for anything, which it does by itself otherwise. */
  start(): void {
    this.#worker ??= this.#start();
    this.#worker.unref();
  }

  async build(supergraphSdl: string): Promise<Planner> {
    const planner = ++this.#planners;
    await this.#enqueue({ kind: "build", planner, supergraphSdl });
    this.#supergraphs.set(planner, supergraphSdl);
    let isReleased = false;
    return {
      plan: async (document, operationName, overrides) => {
        if (isReleased) throw new CodedError("OPERATION_NOT_RESOLVABLE", "The supergraph was replaced meanwhile");
        if (this.#waiting.length >= this.#limits.waitingMax)
          throw new CodedError("SERVICE_UNAVAILABLE", "Too many new operations wait to be planned");
        return (await this.#enqueue({ kind: "plan", planner, document, operationName, overrides }))!;
      },
      release: () => {
        isReleased = true;
        // After what waits: until then a new thread builds it again.
        const released = this.#enqueue({ kind: "release", planner }).catch(() => {});
        void released.then(() => this.#supergraphs.delete(planner));
      },
    };
  }

  async takeSupergraph(supergraphSdl: string): Promise<void> {
    await this.#enqueue({ kind: "take", supergraphSdl });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#replace(closed());
    for (const { reject } of this.#waiting.splice(0)) reject(closed());
  }

  #enqueue(request: PlannerRequest): Promise<QueryPlan | null> {
    if (this.#closed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#underWay !== null || this.#closed) return;
    const task = this.#waiting.shift();
    if (!task) return;
    const worker = (this.#worker ??= this.#start());
    this.#underWay = task;
    this.#setDeadline();
    worker.ref(); // whoever waits for a plan wants the process to live
    worker.postMessage(task.request);
  }

  #setDeadline(): void {
    const isPlan = this.#underWay?.request.kind === "plan";
    const refusal = isPlan
      ? new CodedError("OPERATION_LIMIT_EXCEEDED", "The operation takes too long to plan")
      : new Error("the supergraph was not loaded in time");
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(
      () => void this.#replace(refusal),
      isPlan && this.#rebuilding === 0 ? this.#limits.planningMsMax : BUILD_MS_MAX,
    );
  }

  #settle(reply: PlannerReply): void {
    const task = this.#underWay;
    if (!task) return;
    clearTimeout(this.#deadline);
    this.#underWay = null;
    this.#worker?.unref();
    if (reply.kind === "done") task.resolve(reply.plan);
    else if (reply.kind === "refusal") task.reject(new CodedError(reply.code, reply.message));
    else if (reply.kind === "bad supergraph") task.reject(new Error(reply.message));
    else task.reject(new Error(`planning failed: ${reply.message}`));
    this.#next();
  }

  /** Fails what is under way and goes on with a new thread. */
  async #replace(reason: Error): Promise<void> {
    clearTimeout(this.#deadline);
    const worker = this.#worker;
    this.#worker = null;
    this.#underWay?.reject(reason);
    this.#underWay = null;
    const ended = worker?.terminate();
    this.#next();
    await ended;
  }

  #start(): Worker {
    const worker = new Worker(new URL("./planner-thread.worker.ts", import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.heapMbMax, maxYoungGenerationSizeMb: YOUNG_MB_MAX },
    });
    const isCurrent = () => this.#worker === worker;
    worker.on("message", (reply: PlannerReply) => {
      if (!isCurrent()) return;
      if (this.#rebuilding === 0) return this.#settle(reply);
      this.#rebuilding -= 1;
      this.#setDeadline();
    });
    worker.on("error", (error) => isCurrent() && void this.#replace(reasonOf(error)));
    worker.on("exit", () => isCurrent() && void this.#replace(new Error("the planner's thread ended")));
    this.#rebuilding = this.#supergraphs.size;
    for (const [planner, supergraphSdl] of this.#supergraphs) {
      worker.postMessage({ kind: "build", planner, supergraphSdl } satisfies PlannerRequest);
    }
    return worker;
  }
}

/** What a thread died of: an operation may be too much for its memory. */
function reasonOf(error: Error): Error {
  return "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY"
    ? new CodedError("OPERATION_LIMIT_EXCEEDED", "The operation takes too much memory to plan", {}, { cause: error })
    : error;
}

const closed = (): Error => new Error("the planner is closed");
