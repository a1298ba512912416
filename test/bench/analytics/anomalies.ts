import type { BarInput } from "@mib/protocol/feed-session";
import { BarInterval } from "@mib/protocol/messages.generated";
import { backfill } from "../../../feeds/src/simulator/backfill.ts";
import { ActivityTable } from "../../../feeds/src/simulator/activity-table.ts";
import { simulatedUniverse } from "../../../feeds/src/simulator/instruments.ts";
import { JumpSource, type Jump } from "../../../feeds/src/simulator/jumps.ts";
import { PriceProcess } from "../../../feeds/src/simulator/price-process.ts";
import { Random } from "../../../feeds/src/simulator/random.ts";
import { detectAnomalies } from "../../../subgraphs/analytics/src/domain/anomalies/detect-anomalies.ts";
import type { WindowBar } from "../../../subgraphs/analytics/src/domain/bar-window.ts";
import { logReturns } from "../../../subgraphs/analytics/src/domain/log-returns.ts";
import type { BenchOptions, BenchRow } from "../bench-result.ts";

/** A Tuesday, so that all markets open and close within the two days. */
const START_S = Date.parse("2026-03-17T12:00:00Z") / 1_000;
const RATE = 1_000;
const BASELINE_BARS = 120;
const WINDOW_BARS = 245;
/** A jump counts as found, and an alarm as true, when they are at most so far apart. */
const MATCH_MS = 5 * 60_000;
const Z_LEAST = 5;

interface Alarm {
  symbol: string;
  /** When the bar that raised it was over. */
  atMs: number;
}

/** Methods that are compared: what analytics announces by metric and method, all that it announces, and a plain z-score. */
type Detector = (bars: readonly WindowBar[]) => string[];

const robust: Detector = (bars) => {
  const found = detectAnomalies(bars).map(({ metric, method }) =>
    `${metric}-${method}`.toLowerCase().replace("_", "-"),
  );
  return found.some((method) => !method.endsWith("cusum")) ? [...found, "outliers"] : found;
};

const plain: Detector = (bars) => {
  const returns = logReturns(bars.slice(-BASELINE_BARS - 2));
  if (returns.length < BASELINE_BARS + 1) return [];
  const before = returns.slice(0, -1);
  const mean = before.reduce((sum, each) => sum + each, 0) / before.length;
  const deviation = Math.sqrt(before.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (before.length - 1));
  return deviation > 0 && Math.abs(returns.at(-1)! - mean) / deviation >= Z_LEAST ? ["z-score"] : [];
};

/**
 * Alarms on two days of one-minute bars of the simulated market against the jumps that it made and labelled. A jump is found
 * when one of its symbols raises an alarm within five minutes; an alarm is true when a jump of its symbol was in the five
 * minutes before. Volume does not follow jumps here, so alarms of volume can't be true by more than chance.
 */
export function anomalyRows({ quick, args }: BenchOptions): BenchRow[] {
  const seed = args[0] ?? "held-out";
  const { jumps, alarms, fromMs } = watch(seed, quick);
  const measured = jumps.filter(({ atMicros }) => atMicros / 1_000 >= fromMs);
  const rows: BenchRow[] = [{ id: "analytics.jumps", value: measured.length, unit: "jumps" }];
  for (const [method, raised] of [...alarms].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const found = measured.flatMap((jump) => delayOf(jump, raised) ?? []);
    const truths = raised.filter((alarm) => jumps.some((jump) => matches(jump, alarm))).length;
    const row = (what: string, value: number, unit: string) =>
      rows.push({ id: `analytics.jumps-${what}.${method}`, value, unit });
    row("precision", truths / raised.length, "ratio");
    row("recall", found.length / measured.length, "ratio");
    if (found.length > 0) row("delay", found.reduce((sum, each) => sum + each, 0) / found.length / 1_000, "s");
    row("alarms", raised.length, "alarms");
  }
  return rows;
}

function watch(seed: string, quick: boolean) {
  const universe = simulatedUniverse();
  const process = new PriceProcess(universe, new Random(seed, "prices"));
  const slices = backfill({
    universe,
    process,
    jumps: new JumpSource(universe, new Random(seed, "jumps"), START_S),
    random: new Random(seed, "bars"),
    activity: new ActivityTable(universe),
    rate: RATE,
    startSeconds: START_S,
    knownUntilSeconds: [],
  });
  const windows = universe.instruments.map((): WindowBar[] => []);
  const jumps: Jump[] = [];
  const alarms = new Map<string, Alarm[]>();
  let minutes = 0;
  let fromMs = 0;
  for (const slice of slices) {
    if (slice.bars[0]?.interval !== BarInterval.M1) continue;
    jumps.push(...slice.jumps);
    minutes += 1;
    if (minutes === WINDOW_BARS) fromMs = slice.atSeconds * 1_000;
    for (const given of slice.bars) {
      const window = windows[given.instrumentId]!;
      window.push(barOf(given));
      if (window.length > WINDOW_BARS) window.shift();
      if (window.length < WINDOW_BARS) continue;
      const symbol = universe.instruments[given.instrumentId]!.definition.symbol;
      for (const method of [...robust(window), ...plain(window)]) {
        const raised = alarms.get(method) ?? [];
        raised.push({ symbol, atMs: slice.atSeconds * 1_000 });
        alarms.set(method, raised);
      }
    }
    if (quick && minutes > 2 * WINDOW_BARS) break;
  }
  return { jumps, alarms, fromMs };
}

function barOf({ openedAtNanos, openE9, highE9, lowE9, closeE9, volumeE9 }: BarInput): WindowBar {
  return {
    openedAtMs: Number(openedAtNanos / 1_000_000n),
    open: Number(openE9) / 1e9,
    high: Number(highE9) / 1e9,
    low: Number(lowE9) / 1e9,
    close: Number(closeE9) / 1e9,
    volume: Number(volumeE9) / 1e9,
    revision: 0,
  };
}

function matches({ atMicros, symbols }: Jump, { symbol, atMs }: Alarm): boolean {
  const delay = atMs - atMicros / 1_000;
  return delay >= 0 && delay <= MATCH_MS && symbols.includes(symbol);
}

/** From the jump to the end of the bar that showed it first; null when none did. */
function delayOf(jump: Jump, raised: readonly Alarm[]): number | null {
  const first = raised.find((alarm) => matches(jump, alarm));
  return first === undefined ? null : first.atMs - jump.atMicros / 1_000;
}
