import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "@mib/testkit/free-port";

const REPOSITORY = fileURLToPath(new URL("../../../..", import.meta.url));
const START_MS_MAX = 20_000;

export interface EngineProcess {
  /** For FeedSession and EngineClient. */
  address: string;
  adminUrl: string;
  dataDir: string;
  /** What it has written to stdout and stderr. */
  output(): string;
  /** Value of a metric without labels. */
  metric(name: string): Promise<number>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same data and addresses. */
  restart(): Promise<void>;
  /** SIGTERM; resolves with the exit code and removes the data. */
  stop(): Promise<number | null>;
}

/** Runs the engine that `cargo build --release` made (or `ENGINE_BINARY`), without Kafka unless the environment names one. */
export async function startEngine({
  env = {},
  listen = "unix",
}: { env?: Record<string, string>; listen?: "unix" | "tcp" } = {}): Promise<EngineProcess> {
  const binary = process.env.ENGINE_BINARY ?? resolve(REPOSITORY, "engine/target/release/mib-engine");
  if (!existsSync(binary)) throw new Error(`no engine at ${binary}: run \`cargo build --release\` in engine/`);
  const dataDir = await mkdtemp(join(tmpdir(), "mib-engine-"));
  const adminPort = await freePort();
  const address = listen === "unix" ? `unix:${join(dataDir, "engine.sock")}` : `tcp:127.0.0.1:${await freePort()}`;
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  let output = "";
  let child: ChildProcess;

  async function start(): Promise<void> {
    child = spawn(binary, {
      env: {
        ENGINE_DATA_DIR: dataDir,
        ENGINE_LISTEN: address,
        ADMIN_PORT: String(adminPort),
        ENGINE_JOURNAL_SEGMENT_BYTES: String(4 << 20),
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    for (const deadline = Date.now() + START_MS_MAX; ; await delay(20)) {
      if (child.exitCode !== null) throw new Error(`the engine ended with ${child.exitCode}:\n${output}`);
      if (await isReady(adminUrl)) return;
      if (Date.now() > deadline) throw new Error(`the engine is not ready:\n${output}`);
    }
  }

  await start();
  return {
    address,
    adminUrl,
    dataDir,
    output: () => output,
    metric: async (name) => {
      const text = await (await fetch(`${adminUrl}/metrics`)).text();
      const line = text.split("\n").find((each) => each.startsWith(`${name} `));
      if (!line) throw new Error(`no metric ${name}`);
      return Number(line.slice(name.length + 1));
    },
    kill: () => ended(child, "SIGKILL").then(() => undefined),
    restart: start,
    stop: async () => {
      const code = await ended(child, "SIGTERM");
      await rm(dataDir, { recursive: true, force: true });
      return code;
    },
  };
}

async function isReady(adminUrl: string): Promise<boolean> {
  try {
    return (await fetch(`${adminUrl}/ready`)).ok;
  } catch {
    return false;
  }
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((done) => {
    child.once("exit", (code) => done(code));
    child.kill(signal);
  });
}
