import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { VectorStore } from "../install/vector-store.mjs";
import type { Part } from "../part.ts";

export interface VectorStoreOptions {
  setFolder: string;
  port: number;
  installation: Promise<VectorStore>;
}

/** QDRANT_URL, else the service of deploy/local/vector-store. */
export function vectorStorePart({ setFolder, port, installation }: VectorStoreOptions): Part & { url: string } {
  const external = process.env.QDRANT_URL;
  const url = external || `http://127.0.0.1:${port}`;
  const ready = () => listCollections(url);
  return {
    name: "vector-store",
    layer: "SERVER",
    after: [],
    ports: external ? [] : [port],
    url,
    restart: "ALWAYS",
    ready,
    alive: ready,
    async program() {
      const found = await installation;
      if ("url" in found) return null;
      const dataFolder = join(setFolder, "vector-store");
      mkdirSync(dataFolder, { recursive: true });
      return {
        command: found.python,
        args: ["-m", "vector_store"],
        env: {
          PYTHONPATH: found.pythonPath,
          PYTHONNOUSERSITE: "1",
          DATA_DIR: dataFolder,
          HOST: "127.0.0.1",
          PORT: String(port),
        },
      };
    },
  };
}

async function listCollections(url: string): Promise<void> {
  const headers: Record<string, string> = process.env.QDRANT_API_KEY ? { "api-key": process.env.QDRANT_API_KEY } : {};
  const response = await fetch(new URL("/collections", url), { headers, signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
}
