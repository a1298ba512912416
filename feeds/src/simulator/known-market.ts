import type { EngineShards } from "@mib/protocol/engine-shards";
import { BarInterval } from "@mib/protocol/messages.generated";
import { lastTradesOf } from "../engine-knowledge.ts";
import { DAY_S, HOUR_S, MINUTE_S } from "./backfill-plan.ts";
import type { Universe } from "./instruments.ts";
import type { KnownMarket } from "./simulation.ts";

const INTERVALS = [
  [BarInterval.M1, MINUTE_S],
  [BarInterval.H1, HOUR_S],
  [BarInterval.D1, DAY_S],
] as const;

/** What the engines know of these instruments: last bars, prices and trades. Null: they know none of them. */
export async function readKnownMarket(engines: EngineShards, { instruments }: Universe): Promise<KnownMarket | null> {
  const defined = await Promise.all(engines.all.map((engine) => engine.instruments()));
  const symbols = new Set(defined.flatMap(({ value }) => value.map(({ symbol }) => symbol)));
  if (!instruments.some(({ definition }) => symbols.has(definition.symbol))) return null;
  const known = instruments.map(({ definition }) => (symbols.has(definition.symbol) ? definition.symbol : null));
  const trades = await lastTrades(engines, known);
  const bars = await Promise.all(known.map((symbol) => newestBar(engines, symbol)));
  return {
    untilSeconds: bars.map((bar) => bar?.untilSeconds ?? null),
    price: known.map((_, at) => (trades[at] ? Number(trades[at].priceE9) / 1e9 : bars[at]?.close) ?? null),
    lastTradeId: known.map((_, at) => trades[at]?.tradeId ?? 0n),
  };
}

async function lastTrades(engines: EngineShards, known: readonly (string | null)[]) {
  const asked = known.filter((symbol) => symbol !== null);
  const trades = await lastTradesOf(engines, asked);
  const bySymbol = new Map(asked.map((symbol, at) => [symbol, trades[at] ?? null]));
  return known.map((symbol) => (symbol === null ? null : bySymbol.get(symbol)!));
}

/** The newest bar of the shortest interval that has any. */
async function newestBar(
  engines: EngineShards,
  symbol: string | null,
): Promise<{ untilSeconds: number; close: number } | null> {
  if (symbol === null) return null;
  for (const [interval, seconds] of INTERVALS) {
    const [bar] = (await engines.of(symbol).bars({ symbol, interval, last: 1 })).value;
    if (bar)
      return { untilSeconds: Number(bar.tsEventNanos / 1_000_000_000n) + seconds, close: Number(bar.closeE9) / 1e9 };
  }
  return null;
}
