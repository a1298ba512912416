import { join, resolve } from "node:path";
import { planEngine } from "../../../scripts/local/install/engine.mjs";
import { freePorts } from "../../../scripts/local/ports.ts";
import { isReady } from "./admin-process.ts";
import type { StackEnvironment } from "./fault-stack.ts";
import { StackProcess } from "./stack-process.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

/** The engine, built if need be. */
export async function engineProcess({
  folder,
  reaper,
  broker,
}: StackEnvironment): Promise<{ process: StackProcess; address: string }> {
  const [port, adminPort] = (await freePorts(2)) as [number, number];
  const engine = planEngine({ root: ROOT, logFile: join(folder, "logs", "install-engine.log") });
  const { program } = await engine.install();
  const address = `tcp:127.0.0.1:${port}`;
  const env = {
    ENGINE_DATA_DIR: join(folder, "engine"),
    ENGINE_LISTEN: address,
    HOST: "127.0.0.1",
    ADMIN_PORT: String(adminPort),
    KAFKA_BROKERS: broker,
  };
  const process = new StackProcess({
    name: "engine",
    program: () => ({ command: program, args: [], env }),
    ready: () => isReady(`http://127.0.0.1:${adminPort}`),
    folder: join(folder, "logs"),
    reaper,
  });
  return { process, address };
}
