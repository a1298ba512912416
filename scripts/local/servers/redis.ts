import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import type { Redis as RedisInstallation } from "../install/redis.mjs";
import type { Part } from "../part.ts";

export interface RedisOptions {
  setFolder: string;
  port: number;
  installation: Promise<RedisInstallation>;
}

/**
 * Redis or Valkey. It is a window on Kafka: an orderly end writes it down and the next start reads that once, which spares the
 * relay from filling it again. After a crash it is empty, because an old window would publish old events a second time.
 */
export function redisPart({ setFolder, port, installation }: RedisOptions): Part & { url: string } {
  const external = process.env.REDIS_URL;
  const url = external || `redis://127.0.0.1:${port}`;
  const dump = join(setFolder, "redis", "dump.rdb");
  const ready = async () => {
    await ping(url);
    // What was read is from now on older than what is served.
    if (!external) rmSync(dump, { force: true });
  };
  return {
    name: "redis",
    layer: "SERVER",
    after: [],
    ports: external ? [] : [port],
    url,
    restart: "ALWAYS",
    ready,
    alive: () => ping(url),
    async program() {
      const found = await installation;
      if ("url" in found) return null;
      const folder = join(setFolder, "redis");
      mkdirSync(folder, { recursive: true });
      return {
        command: found.program,
        args: [
          "--port",
          String(port),
          "--bind",
          "127.0.0.1",
          "--dir",
          folder,
          "--save",
          "",
          "--shutdown-on-sigterm",
          "save",
          "--appendonly",
          "no",
          "--maxmemory-policy",
          "noeviction",
        ],
      };
    },
  };
}

async function ping(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 3_000,
    commandTimeout: 5_000,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  redis.on("error", () => {});
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}
