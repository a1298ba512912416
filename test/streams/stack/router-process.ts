import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { freePort } from "@mib/testkit/free-port";
import { startTcpProxy, type TcpProxy } from "@mib/testkit/tcp-proxy";
import { adminProcess } from "./admin-process.ts";
import type { StackEnvironment } from "./fault-stack.ts";
import type { StackProcess } from "./stack-process.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const CLOCK = join(import.meta.dirname, "jumping-clock.ts");

/** A router as a process of its own, with a proxy before it and one between it and Redis. */
export interface RouterProcess {
  process: StackProcess;
  adminUrl: string;
  /** Where clients connect: by way of `clients`. */
  url: string;
  clients: TcpProxy;
  redis: TcpProxy;
  /** Moves its time of day to so far from the real one. */
  setClock(offsetMs: number): void;
  close(): Promise<void>;
}

/** Times are shorter than usual where somebody has to wait for them; limits are the usual ones. */
const settings = (port: number, redisUrl: string, environment: StackEnvironment) => ({
  supergraph: { file: environment.supergraphFile },
  listen: { port },
  websocket: { ping_interval_ms: 4_000, heads_interval_ms: 1_000, stall_timeout_ms: 8_000 },
  http_subscriptions: { heartbeat_ms: 2_000, stall_timeout_ms: 8_000, retry_ms: 100 },
  all_subgraphs: { timeout_ms: 3_000 },
  streams: {
    redis_url: redisUrl,
    kafka_brokers: [environment.broker],
    cursor_keys_file: environment.cursorKeysFile,
    verify_interval_ms: 5_000,
  },
});

export async function routerProcess(
  name: string,
  environment: StackEnvironment,
  /** Modules that are loaded first. */
  preloads: readonly string[],
): Promise<RouterProcess> {
  const { folder, redisUrl } = environment;
  const port = await freePort();
  const adminUrl = `http://127.0.0.1:${port}`;
  const [clients, redis] = await Promise.all([startTcpProxy(adminUrl), startTcpProxy(redisUrl)]);
  const config = join(folder, `${name}.yaml`);
  writeFileSync(config, JSON.stringify(settings(port, redis.through(redisUrl), environment)));
  const clockFile = join(folder, `${name}-clock`);
  writeFileSync(clockFile, "0");
  const process = adminProcess(name, adminUrl, environment, {
    args: [
      ...[CLOCK, ...preloads].flatMap((module) => ["--import", module]),
      join(ROOT, "router/src/main.mjs"),
      "--config",
      config,
    ],
    env: { CLOCK_OFFSET_FILE: clockFile },
  });
  return {
    process,
    adminUrl,
    url: clients.through(`${adminUrl}/graphql`),
    clients,
    redis,
    setClock(offsetMs) {
      writeFileSync(clockFile, String(offsetMs));
      process.signal("SIGUSR2");
    },
    async close() {
      await process.end();
      await Promise.all([clients.close(), redis.close()]);
    },
  };
}
