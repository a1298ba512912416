import { setTimeout as delay } from "node:timers/promises";
import { EngineShards } from "@mib/protocol/engine-shards";
import type { Trade } from "@mib/protocol/messages.generated";
import { CodedError } from "@mib/service/coded-error";
import type { FeedContext } from "./feed.ts";

const RETRY_MS = 250;

/** Asks the engines something, waiting for them until they are there. */
export async function askEngine<Value>(
  { engineAddresses: addresses, signal, log }: Pick<FeedContext, "engineAddresses" | "signal" | "log">,
  ask: (engines: EngineShards) => Promise<Value>,
): Promise<Value> {
  const engines = new EngineShards({ addresses, connections: 1, timeoutMs: 10_000 });
  let said = "";
  try {
    for (;;) {
      signal.throwIfAborted();
      try {
        return await ask(engines);
      } catch (error) {
        if (!(error instanceof CodedError) || (error.code !== "ENGINE_UNAVAILABLE" && error.code !== "TIMEOUT"))
          throw error;
        const reason = error.cause instanceof Error ? error.cause.message : error.message;
        if (reason !== said) log.warn({ reason }, "the engine does not answer");
        said = reason;
        await delay(RETRY_MS, undefined, { signal });
      }
    }
  } finally {
    engines.close();
  }
}

/** The last trade of each symbol, in their order; fails when an engine does. */
export async function lastTradesOf(engines: EngineShards, symbols: readonly string[]): Promise<(Trade | null)[]> {
  const trades = await engines.perSymbol(symbols, (engine, own) => engine.lastTrades(own));
  return trades.map((trade) => {
    if (trade instanceof Error) throw trade;
    return trade;
  });
}
