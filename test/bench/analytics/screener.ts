import { screen, type Screen } from "../../../subgraphs/analytics/src/domain/cross-section/screener.ts";
import { indicatorSpec } from "../../../subgraphs/analytics/src/domain/indicators/indicator-spec.ts";
import { LiveIndicators } from "../../../subgraphs/analytics/src/domain/indicators/live-indicators.ts";
import { MarketMemory } from "../../../subgraphs/analytics/src/domain/market-memory.ts";
import type { BenchOptions, BenchRow } from "../bench-result.ts";
import { percentile } from "../percentiles.ts";

const INSTRUMENTS = 10_000;
const BARS = 200;
const open = { least: null, most: null };

/** A screen by change, RSI and moving average over 10 000 instruments, each of which has a new bar since the last time. */
export function screenerRows({ quick }: BenchOptions): BenchRow[] {
  const memory = new MarketMemory();
  const prices = new Float64Array(INSTRUMENTS).fill(100);
  let minute = 0;
  let state = 1;
  const addBars = () => {
    for (let number = 0; number < INSTRUMENTS; number++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      const close = (prices[number]! *= 1 + (state / 2 ** 32 - 0.5) / 500);
      const bar = { openedAtMs: minute * 60_000, open: close, high: close, low: close, close, volume: 1, revision: 0 };
      memory.add(`I${number}`, "M1", bar);
    }
    minute += 1;
  };
  for (let bar = 0; bar < BARS; bar++) addBars();

  const live = new LiveIndicators(memory);
  const asked: Screen = {
    interval: "M1",
    bars: 60,
    price: open,
    changePercent: { least: -50, most: null },
    volume: open,
    tradedValue: open,
    indicators: [
      { spec: indicatorSpec("RSI", "M1", {}), line: 0, least: 30, most: 100 },
      { spec: indicatorSpec("EMA", "M1", {}), line: 0, ...open },
    ],
    sortBy: "changePercent",
    descending: true,
  };
  const timeOf = () => {
    const startedAt = performance.now();
    screen(memory, live, asked);
    return performance.now() - startedAt;
  };
  const first = timeOf();
  const samples = Array.from({ length: quick ? 20 : 200 }, () => {
    addBars();
    return timeOf();
  });
  return [
    { id: "analytics.screener-first.instruments-10000", value: first, unit: "ms" },
    { id: "analytics.screener-p50.instruments-10000", value: percentile(samples, 0.5), unit: "ms" },
    { id: "analytics.screener-p99.instruments-10000", value: percentile(samples, 0.99), unit: "ms" },
  ];
}
