import { setTimeout as delay } from "node:timers/promises";
import { EngineClient } from "@mib/protocol/engine-client";
import { CodedError } from "@mib/service/coded-error";

const RETRY_MS = 250;

/** Asks the engine something, waiting for it until it is there. */
export async function askEngine<Value>(
  address: string,
  signal: AbortSignal,
  ask: (engine: EngineClient) => Promise<Value>,
): Promise<Value> {
  const engine = new EngineClient({ address, connections: 1, timeoutMs: 10_000 });
  try {
    for (;;) {
      signal.throwIfAborted();
      try {
        return await ask(engine);
      } catch (error) {
        if (!(error instanceof CodedError) || (error.code !== "ENGINE_UNAVAILABLE" && error.code !== "TIMEOUT"))
          throw error;
        await delay(RETRY_MS, undefined, { signal });
      }
    }
  } finally {
    engine.close();
  }
}
