import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { freePort } from "@mib/testkit/free-port";
import { planServers } from "../scripts/local/install/plan.mjs";
import { Reaper } from "../scripts/local/reaper.mjs";
import { serverParts, type ServerOptions, type ServerPart } from "../scripts/local/servers/servers.ts";
import { Supervisor } from "../scripts/local/supervisor.ts";
import { SERVER_VARIABLES, variableOf } from "./server-variables.ts";

const ROOT = join(import.meta.dirname, "..");

type ServerName = keyof typeof SERVER_VARIABLES;

/** Vitest's global setup: a set of servers for each worker, so that files that run side by side share nothing. */
export default function startRealServers({ config }: TestProject): Promise<() => Promise<void>> {
  return startSets(Object.keys(SERVER_VARIABLES) as ServerName[], config.maxWorkers);
}

/** Those servers of `npm start -- --only servers` that no variable names, in a temporary folder, on free ports. */
export function startServers(names: readonly ServerName[]): Promise<() => Promise<void>> {
  return startSets(names, 1);
}

async function startSets(names: readonly ServerName[], count: number): Promise<() => Promise<void>> {
  const missing = Array.from(
    { length: count },
    (_, at) =>
      new Map(
        names
          .map((name) => [name, variableOf(SERVER_VARIABLES[name], at + 1)] as const)
          .filter(([, variable]) => !process.env[variable]),
      ),
  );
  const wanted = new Set(missing.flatMap((set) => [...set.keys()]));
  if (wanted.size === 0) return async () => {};
  const folder = mkdtempSync(join(tmpdir(), "mib-test-servers-"));
  // PostgreSQL runs as another user when we are root.
  chmodSync(folder, 0o755);
  const plans = await planServers({ root: ROOT, logFolder: folder });
  const install = <Value>(name: ServerName, plan: { install(): Promise<Value> }) =>
    wanted.has(name) ? plan.install() : new Promise<Value>(() => {});
  const installed = {
    redis: install("redis", plans.redis),
    kafka: install("kafka", plans.kafka),
    "vector-store": install("vector-store", plans["vector-store"]),
  };
  const started = await Promise.allSettled(
    missing.map((set, at) => {
      const setFolder = join(folder, String(at + 1));
      mkdirSync(setFolder, { mode: 0o755 });
      return startSet(set, setFolder, installed);
    }),
  );
  const stop = async () => {
    await Promise.all(started.flatMap((set) => (set.status === "fulfilled" ? [set.value()] : [])));
    rmSync(folder, { recursive: true, force: true });
  };
  const failed = started.find((set) => set.status === "rejected");
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  // For tests that kill or empty a Redis of their own.
  const redisProgram = await plans.redis.install();
  if ("program" in redisProgram) process.env.TEST_REDIS_SERVER ??= redisProgram.program;
  return stop;
}

/** Starts what is missing and sets its variables; what is returned ends it and takes them back. */
async function startSet(
  missing: ReadonlyMap<ServerName, string>,
  folder: string,
  installed: ServerOptions["installed"],
): Promise<() => Promise<void>> {
  // One after another: what was given once is not given again.
  const ports = { postgres: 0, redis: 0, kafka: 0, "kafka-controller": 0, "vector-store": 0 };
  for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await freePort();
  const parts = serverParts({
    root: ROOT,
    setFolder: folder,
    ports,
    installed,
    notice: () => {},
  });
  const reaper = new Reaper();
  const supervisor = new Supervisor(
    [...missing.keys()].map((name): ServerPart => parts[name]),
    {
      logFolder: folder,
      reaper,
      onState: () => {},
      onFailure: (error) => process.stderr.write(`${error.message}\n`),
    },
  );
  const stop = async () => {
    await supervisor.stop();
    reaper.close();
    for (const variable of missing.values()) delete process.env[variable];
  };
  try {
    await supervisor.start();
  } catch (error) {
    await stop();
    throw error;
  }
  for (const [name, variable] of missing) process.env[variable] = parts[name].url;
  return stop;
}
