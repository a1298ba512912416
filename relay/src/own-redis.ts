import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@mib/testkit/eventually";
import { freePort } from "@mib/testkit/free-port";
import { Redis } from "ioredis";

/** A Redis of a test's own: one that it may empty and kill. */
export class OwnRedis {
  readonly url: string;
  readonly #program: string;
  readonly #port: number;
  readonly #arguments: string[];
  readonly #folder = mkdtempSync(join(tmpdir(), "mib-redis-"));
  #child: ChildProcess | null = null;

  constructor(program: string, port: number, args: string[]) {
    this.#program = program;
    this.#port = port;
    this.#arguments = args;
    this.url = `redis://127.0.0.1:${port}`;
  }

  async start(): Promise<void> {
    this.#child = spawn(
      this.#program,
      [
        "--port",
        String(this.#port),
        "--bind",
        "127.0.0.1",
        "--dir",
        this.#folder,
        "--save",
        "",
        "--appendonly",
        "no",
        ...this.#arguments,
      ],
      { stdio: "ignore" },
    );
    await eventually(async () => {
      const redis = new Redis(this.url, { lazyConnect: true, retryStrategy: () => null });
      redis.on("error", () => {});
      try {
        await redis.connect();
      } finally {
        redis.disconnect();
      }
    });
  }

  /** Makes it stand still; returns how to let it go on. */
  pause(): () => void {
    const child = this.#child!;
    child.kill("SIGSTOP");
    return () => child.kill("SIGCONT");
  }

  /** Ends it with SIGKILL: its data is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Starts one from the program `TEST_REDIS_SERVER`, which vitest's global setup sets to the one that it started itself. */
export async function startOwnRedis(args: string[] = []): Promise<OwnRedis> {
  const program = process.env.TEST_REDIS_SERVER;
  if (!program) throw new Error("TEST_REDIS_SERVER is not set: set it to the program of a Redis or Valkey server");
  const redis = new OwnRedis(program, await freePort(), args);
  try {
    await redis.start();
  } catch (error) {
    await redis.stop();
    throw error;
  }
  return redis;
}
