import { JumpSource } from "../../../feeds/src/simulator/jumps.ts";
import { simulatedUniverse, type SimulatedInstrument } from "../../../feeds/src/simulator/instruments.ts";
import { PriceProcess } from "../../../feeds/src/simulator/price-process.ts";
import { Random } from "../../../feeds/src/simulator/random.ts";
import { evaluate } from "../../../subgraphs/analytics/src/domain/forecasting/evaluate.ts";
import { qlike } from "../../../subgraphs/analytics/src/domain/forecasting/losses.ts";
import { modelSpec, type ModelKind } from "../../../subgraphs/analytics/src/domain/forecasting/model-spec.ts";
import { backtestOutcomes } from "../../../subgraphs/analytics/src/domain/forecasting/pipeline.ts";
import type { IndicatorBar } from "../../../subgraphs/analytics/src/domain/indicators/indicator.ts";
import type { BenchOptions, BenchRow } from "../bench-result.ts";

/** A Monday. */
const START_S = Date.parse("2025-01-06T00:00:00Z") / 1_000;
const DAY_S = 86_400;
const STEP_S = 300;
const DAYS = 400;
/** Every so manieth of the 200 instruments, as far as they are priced in US dollars. */
const EVERY = 10;

interface Watched {
  instrument: SimulatedInstrument;
  bars: IndicatorBar[];
  /** By the time at which the day ended. */
  trueVariances: Map<number, number>;
}

/**
 * A year of bars of five minutes of the simulated market, day by day forecast with what was known before, against what was
 * then measured and against the true variance: what the process put into the day, the jumps that it made included.
 */
export function forecastRows({ quick, args }: BenchOptions): BenchRow[] {
  const watched = simulate(args[0] ?? "held-out", quick ? 200 : DAYS);
  const rows: BenchRow[] = [];
  for (const kind of ["HAR_RV", "EWMA"] as const) rows.push(...volatilityRows(kind, watched));
  return [...rows, ...directionRows(watched)];
}

function volatilityRows(kind: ModelKind, watched: readonly Watched[]): BenchRow[] {
  const sums = { forecasts: 0, loss: 0, naiveLoss: 0, truth: 0, naiveTruth: 0, intervals: 0, covered: 0, better: 0 };
  for (const { instrument, bars, trueVariances } of watched) {
    const spec = modelSpec({ kind, symbol: instrument.definition.symbol });
    const outcomes = backtestOutcomes(spec, bars);
    const found = evaluate(spec, outcomes);
    sums.forecasts += found.forecasts;
    sums.loss += found.loss * found.forecasts;
    sums.naiveLoss += found.naiveLoss * found.forecasts;
    sums.intervals += found.intervals;
    sums.covered += found.intervals * (found.covered ?? 0);
    sums.better += Number(found.verdict === "BETTER");
    for (const { atMs, forecast, naive } of outcomes) {
      const truth = trueVariances.get(atMs + DAY_S * 1_000);
      if (truth === undefined) continue;
      sums.truth += qlike(truth, forecast);
      sums.naiveTruth += qlike(truth, naive);
    }
  }
  const name = kind.toLowerCase().replace("_", "-");
  const row = (what: string, value: number, unit: string): BenchRow => ({
    id: `analytics.forecast-${what}`,
    value,
    unit,
  });
  return [
    row(`count.${name}`, sums.forecasts, "forecasts"),
    row(`qlike.${name}`, sums.loss / sums.forecasts, "QLIKE"),
    row(`qlike.${name}-yesterday`, sums.naiveLoss / sums.forecasts, "QLIKE"),
    row(`qlike-true.${name}`, sums.truth / sums.forecasts, "QLIKE"),
    row(`qlike-true.${name}-yesterday`, sums.naiveTruth / sums.forecasts, "QLIKE"),
    row(`better.${name}`, sums.better, `of ${watched.length}`),
    row(`intervals.${name}`, sums.intervals, "intervals"),
    row(`coverage-90.${name}`, (100 * sums.covered) / sums.intervals, "%"),
  ];
}

/** The direction of a random walk: a model that claims to know it is wrong. */
function directionRows(watched: readonly Watched[]): BenchRow[] {
  let better = 0;
  let loss = 0;
  let naiveLoss = 0;
  for (const { instrument, bars } of watched) {
    const spec = modelSpec({ kind: "LOGISTIC", symbol: instrument.definition.symbol, interval: "M5" });
    const found = evaluate(spec, backtestOutcomes(spec, bars.slice(0, 3_000)));
    better += Number(found.verdict === "BETTER");
    loss += found.loss / watched.length;
    naiveLoss += found.naiveLoss / watched.length;
  }
  return [
    { id: "analytics.forecast-log-loss.logistic", value: loss, unit: "log loss" },
    { id: "analytics.forecast-log-loss.logistic-base-rate", value: naiveLoss, unit: "log loss" },
    { id: "analytics.forecast-better.logistic", value: better, unit: `of ${watched.length}` },
  ];
}

function simulate(seed: string, days: number): Watched[] {
  const universe = simulatedUniverse();
  const process = new PriceProcess(universe, new Random(seed, "prices"));
  const jumps = new JumpSource(universe, new Random(seed, "jumps"), START_S);
  const watched = universe.instruments
    .filter(({ quoted }, number) => quoted < 0 && number % EVERY === 0)
    .map((instrument): Watched => ({ instrument, bars: [], trueVariances: new Map() }));
  for (let at = START_S; at < START_S + days * DAY_S; at += STEP_S) {
    const middle = at + STEP_S / 2;
    const opens = watched.map(({ instrument }) => priceOf(process, instrument));
    process.advanceFactors(STEP_S, middle);
    for (let asset = 0; asset < universe.assets.length; asset += 1) process.advanceOwn(asset, STEP_S, middle);
    const before = watched.map(({ instrument }) => process.logPrice(instrument));
    jumps.apply(process, at + STEP_S);
    for (const [number, { instrument, bars, trueVariances }] of watched.entries()) {
      const [open, close] = [opens[number]!, priceOf(process, instrument)];
      const openedAtMs = at * 1_000;
      bars.push({ openedAtMs, open, high: Math.max(open, close), low: Math.min(open, close), close, volume: 1 });
      const jumped = process.logPrice(instrument) - before[number]!;
      const dayEndMs = (Math.floor(at / DAY_S) + 1) * DAY_S * 1_000;
      const variance = process.deviation(instrument, STEP_S, middle) ** 2 + jumped ** 2;
      trueVariances.set(dayEndMs, (trueVariances.get(dayEndMs) ?? 0) + variance);
    }
  }
  return watched;
}

/** In whole steps of the price, as the market shows it. */
function priceOf(process: PriceProcess, instrument: SimulatedInstrument): number {
  return Math.max(1, Math.round(Math.exp(process.logPrice(instrument)) / instrument.tick)) * instrument.tick;
}
