import { mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { startEngine, type EngineProcess } from "../../../packages/protocol/src/testing/engine-process.ts";

/** An engine whose data is on the project's disk and goes with it. */
export async function startBenchEngine(env: Record<string, string>): Promise<EngineProcess> {
  const dataDir = mkdtempSync(join(resolve(".data"), "bench-engine-"));
  const remove = () => rmSync(dataDir, { recursive: true, force: true });
  try {
    const engine = await startEngine({
      env: {
        ENGINE_DATA_DIR: dataDir,
        ENGINE_JOURNAL_BYTES_MAX: String(64 * 2 ** 30),
        ENGINE_JOURNAL_SEGMENT_BYTES: String(64 * 2 ** 20),
        ...env,
      },
    });
    return { ...engine, dataDir, stop: () => engine.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}
