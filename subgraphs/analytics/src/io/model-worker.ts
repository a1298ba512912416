import { parentPort, workerData } from "node:worker_threads";
import { CodedError } from "@mib/service/coded-error";
import type { ErrorCode } from "@mib/service/error-catalogue";
import pg from "pg";
import { doModelWork, type ModelResult, type ModelWork } from "./model-work.ts";

/** A thread that does one job and ends. */
export interface ModelWorkerData {
  databaseUrl: string;
  work: ModelWork;
}

export type ModelWorkerMessage =
  | { progress: number }
  | { result: ModelResult }
  | { failure: { code: ErrorCode; message: string } }
  | { bug: string };

const port = parentPort;
if (!port) throw new Error("model-worker runs as a worker thread");
const { databaseUrl, work } = workerData as ModelWorkerData;
const say = (message: ModelWorkerMessage) => port.postMessage(message);

const client = new pg.Client({
  connectionString: databaseUrl,
  options: "-c search_path=analytics -c statement_timeout=15000 -c timezone=UTC",
  application_name: "analytics-models",
  connectionTimeoutMillis: 5_000,
});
try {
  await client.connect();
  say({ result: await doModelWork(client, work, (progress) => say({ progress })) });
} catch (error) {
  if (error instanceof CodedError) say({ failure: { code: error.code, message: error.message } });
  else say({ bug: error instanceof Error ? (error.stack ?? error.message) : String(error) });
} finally {
  await client.end().catch(() => {});
}
