import type { EngineClient } from "@mib/protocol/engine-client";
import { BarInterval } from "@mib/protocol/messages.generated";
import { DAY_S, HOUR_S, MINUTE_S } from "./backfill-plan.ts";
import type { Universe } from "./instruments.ts";
import type { KnownMarket } from "./simulation.ts";

const INTERVALS = [
  [BarInterval.M1, MINUTE_S],
  [BarInterval.H1, HOUR_S],
  [BarInterval.D1, DAY_S],
] as const;

/** What the engine knows of these instruments: last bars, prices and trades. Null: it knows none of them. */
export async function readKnownMarket(engine: EngineClient, { instruments }: Universe): Promise<KnownMarket | null> {
  const { value: defined } = await engine.instruments();
  const symbols = new Set(defined.map(({ symbol }) => symbol));
  if (!instruments.some(({ definition }) => symbols.has(definition.symbol))) return null;
  const known = instruments.map(({ definition }) => (symbols.has(definition.symbol) ? definition.symbol : null));
  const trades = await lastTrades(engine, known);
  const bars = await Promise.all(known.map((symbol) => newestBar(engine, symbol)));
  return {
    untilSeconds: bars.map((bar) => bar?.untilSeconds ?? null),
    price: known.map((_, at) => (trades[at] ? Number(trades[at].priceE9) / 1e9 : bars[at]?.close) ?? null),
    lastTradeId: known.map((_, at) => trades[at]?.tradeId ?? 0n),
  };
}

async function lastTrades(engine: EngineClient, known: readonly (string | null)[]) {
  const asked = known.filter((symbol) => symbol !== null);
  const { value } = await engine.lastTrades(asked);
  const bySymbol = new Map(asked.map((symbol, at) => [symbol, value[at] ?? null]));
  return known.map((symbol) => (symbol === null ? null : bySymbol.get(symbol)!));
}

/** The newest bar of the shortest interval that has any. */
async function newestBar(
  engine: EngineClient,
  symbol: string | null,
): Promise<{ untilSeconds: number; close: number } | null> {
  if (symbol === null) return null;
  for (const [interval, seconds] of INTERVALS) {
    const [bar] = (await engine.bars({ symbol, interval, last: 1 })).value;
    if (bar)
      return { untilSeconds: Number(bar.tsEventNanos / 1_000_000_000n) + seconds, close: Number(bar.closeE9) / 1e9 };
  }
  return null;
}
