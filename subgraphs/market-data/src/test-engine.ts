import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngineClient } from "@mib/protocol/engine-client";
import { eventually } from "@mib/testkit/eventually";

const BINARY = new URL("../../../engine/target/release/mib-engine", import.meta.url).pathname;

/** Whether the engine was built: `npm test` builds it first. */
export const engineIsBuilt = existsSync(BINARY);

export interface TestEngine {
  address: string;
  start(): Promise<void>;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
  remove(): Promise<void>;
}

/** The real engine with a folder of its own, publishing nothing. `environment` sets its limits. */
export async function startTestEngine(environment: Record<string, string> = {}): Promise<TestEngine> {
  const folder = await mkdtemp(join(tmpdir(), "mib-engine-"));
  const address = `unix:${join(folder, "engine.sock")}`;
  let child: ChildProcess | null = null;

  async function start(): Promise<void> {
    let output = "";
    const started = spawn(BINARY, [], {
      env: {
        ENGINE_DATA_DIR: join(folder, "data"),
        ENGINE_LISTEN: address,
        ADMIN_PORT: "0",
        LOG_LEVEL: "warn",
        ENGINE_JOURNAL_SEGMENT_BYTES: "1048576",
        ...environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child = started;
    for (const stream of [started.stdout, started.stderr])
      stream.on("data", (chunk: Buffer) => void (output = (output + chunk).slice(-4_000)));
    const client = new EngineClient({ address, connections: 1, timeoutMs: 1_000 });
    try {
      await eventually(
        async () => {
          if (started.exitCode !== null) throw new Error(`the engine ended with ${started.exitCode}: ${output}`);
          await client.status();
        },
        { deadlineMs: 20_000 },
      );
    } finally {
      client.close();
    }
  }

  async function kill(): Promise<void> {
    const ending = child;
    child = null;
    if (ending === null || ending.exitCode !== null) return;
    const exited = once(ending, "exit");
    ending.kill("SIGKILL");
    await exited;
  }

  await start();
  return {
    address,
    start,
    kill,
    async remove() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
