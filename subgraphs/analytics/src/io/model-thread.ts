import { Worker } from "node:worker_threads";
import { CodedError } from "@mib/service/coded-error";
import type { ModelResult, ModelWork } from "./model-work.ts";
import type { ModelWorkerData, ModelWorkerMessage } from "./model-worker.ts";

/** A thread may not take more memory than this for what it computes. */
const HEAP_MB_MAX = 512;

export interface ModelThread {
  /** Rejects with a CodedError for what the caller can mend, with another error for a bug. */
  result: Promise<ModelResult>;
  /** How far it is, 0 to 1. */
  progress(): number;
  /** Ends it at once; the result rejects with `reason`. */
  end(reason: Error): void;
}

/** Does a job in a thread of its own: what takes seconds there takes nothing of the event loop, and it can be ended any time. */
export function startModelThread(databaseUrl: string, work: ModelWork, timeoutMs: number): ModelThread {
  const workerData: ModelWorkerData = { databaseUrl, work };
  const worker = new Worker(new URL("./model-worker.ts", import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
  });
  const { promise, resolve, reject } = Promise.withResolvers<ModelResult>();
  let progress = 0;
  const end = (reason: Error) => {
    reject(reason);
    void worker.terminate();
  };
  worker.on("message", (message: ModelWorkerMessage) => {
    if ("progress" in message) progress = message.progress;
    else if ("result" in message) resolve(message.result);
    else if ("failure" in message) reject(new CodedError(message.failure.code, message.failure.message));
    else reject(new Error(`a model's job failed: ${message.bug}`));
  });
  worker.on("error", (error) => reject(new Error("a model's thread failed", { cause: error })));
  worker.on("exit", () => reject(new Error("a model's thread ended without a result")));
  const timer = setTimeout(
    () => end(new CodedError("TIMEOUT", `The job took longer than ${timeoutMs} ms.`)),
    timeoutMs,
  );
  const result = promise.finally(() => clearTimeout(timer));
  return { result, progress: () => progress, end };
}
