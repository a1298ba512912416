import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planServers } from "../scripts/local/install/plan.mjs";
import { freePorts } from "../scripts/local/ports.ts";
import { Reaper } from "../scripts/local/reaper.mjs";
import { serverParts, type ServerPart } from "../scripts/local/servers/servers.ts";
import { Supervisor } from "../scripts/local/supervisor.ts";

/** Which variable names a server that the tests shall use instead of one of their own. */
const VARIABLES = {
  postgres: "TEST_DATABASE_URL",
  redis: "TEST_REDIS_URL",
  kafka: "TEST_KAFKA_BROKERS",
  "vector-store": "TEST_QDRANT_URL",
} as const;

type ServerName = keyof typeof VARIABLES;

/** Vitest's global setup. */
export default function startRealServers(): Promise<(() => Promise<void>) | void> {
  return startServers(Object.keys(VARIABLES) as ServerName[]);
}

/** Those servers of `npm start -- --only servers` that no variable names, in a temporary folder, on free ports. */
export async function startServers(names: readonly ServerName[]): Promise<(() => Promise<void>) | void> {
  const missing = names.filter((name) => !process.env[VARIABLES[name]]);
  if (missing.length === 0) return;
  const root = join(import.meta.dirname, "..");
  const folder = mkdtempSync(join(tmpdir(), "mib-test-servers-"));
  // PostgreSQL runs as another user when we are root.
  chmodSync(folder, 0o755);
  const plans = await planServers({ root, logFolder: folder });
  const install = <Value>(name: ServerName, plan: { install(): Promise<Value> }) =>
    missing.includes(name) ? plan.install() : new Promise<Value>(() => {});
  const [postgres, redis, kafka, controller, vectorStore] = (await freePorts(5)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const parts = serverParts({
    root,
    setFolder: folder,
    ports: { postgres, redis, kafka, "kafka-controller": controller, "vector-store": vectorStore },
    installed: {
      redis: install("redis", plans.redis),
      kafka: install("kafka", plans.kafka),
      "vector-store": install("vector-store", plans["vector-store"]),
    },
    notice: () => {},
  });
  const reaper = new Reaper();
  const wanted: ServerPart[] = missing.map((name) => parts[name]);
  const supervisor = new Supervisor(wanted, {
    logFolder: folder,
    reaper,
    onState: () => {},
    onFailure: (error) => process.stderr.write(`${error.message}\n`),
  });
  const stop = async () => {
    await supervisor.stop();
    reaper.close();
    rmSync(folder, { recursive: true, force: true });
    for (const name of missing) delete process.env[VARIABLES[name]];
  };
  try {
    await supervisor.start();
  } catch (error) {
    await stop();
    throw error;
  }
  for (const name of missing) process.env[VARIABLES[name]] = parts[name].url;
  // For tests that kill or empty a Redis of their own.
  const redisProgram = await plans.redis.install();
  if ("program" in redisProgram) process.env.TEST_REDIS_SERVER ??= redisProgram.program;
  return stop;
}
