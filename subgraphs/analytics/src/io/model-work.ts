import { createHash } from "node:crypto";
import { CodedError } from "@mib/service/coded-error";
import type { Queryable } from "@mib/subgraph-server/database";
import { backtest, type Evaluation } from "../domain/forecasting/evaluate.ts";
import type { Lineage } from "../domain/forecasting/model.ts";
import { barsRead, type ModelSpec } from "../domain/forecasting/model-spec.ts";
import type { ModelTask } from "../domain/forecasting/model-task.ts";
import { boundsOf, inUnits } from "../domain/forecasting/units.ts";
import { train, type TrainedModel } from "../domain/forecasting/train.ts";
import type { IndicatorBar } from "../domain/indicators/indicator.ts";
import { readBars } from "./postgres-bar-history.ts";

/** More bars are not read for one job: two months of minutes, half a year of five minutes, all days there ever were. */
const BARS_MAX = 60_000;
const POINTS_MAX = 500;
/** The last day that a DateTime can name. */
const END_OF_TIME_MS = Date.parse("9999-12-31T23:59:59.999Z");

/** What a job works with: the task, and what it is to be held against. */
export interface ModelWork {
  task: ModelTask;
  /** The champion of the slot, for training. */
  champion: ModelSpec | null;
}

type Dataset = Pick<Lineage, "dataset" | "bars" | "firstBarAtMs" | "lastBarAtMs">;

export interface BacktestResult {
  dataset: Dataset;
  evaluation: Evaluation;
  points: {
    atMs: number;
    value: number;
    baseline: number;
    lower: number | null;
    upper: number | null;
    actual: number | null;
  }[];
}

export type ModelResult = { trained: TrainedModel; dataset: Dataset } | { backtest: BacktestResult };

/** Reads the bars and does the task. It takes seconds of one processor: run it in a thread. */
export async function doModelWork(
  database: Queryable,
  { task, champion }: ModelWork,
  onProgress: (share: number) => void,
): Promise<ModelResult> {
  const { spec } = task;
  const interval = barsRead(spec);
  const range = { fromMs: task.fromMs ?? 0, toMs: task.toMs ?? END_OF_TIME_MS };
  const [bars = []] = await readBars(
    database,
    [{ symbol: spec.symbol, interval, ...range, count: BARS_MAX + 1 }],
    "FIRST",
  );
  if (bars.length > BARS_MAX)
    throw new CodedError("RANGE_TOO_LARGE", `The range has more than ${BARS_MAX} bars of ${interval}.`, {
      barsMax: BARS_MAX,
    });
  const dataset = datasetOf(bars);
  if (task.kind === "TRAINING") return { trained: train(spec, bars, champion, onProgress), dataset };
  const { outcomes, evaluation } = backtest(spec, bars, onProgress);
  const points = outcomes.slice(-POINTS_MAX).map(({ atMs, forecast, naive, radius, actual }) => ({
    atMs,
    value: inUnits(spec, forecast),
    baseline: inUnits(spec, naive),
    ...(radius === null ? { lower: null, upper: null } : boundsOf(spec, forecast, radius)),
    actual: actual === null ? null : inUnits(spec, actual),
  }));
  return { backtest: { dataset, evaluation, points } };
}

function datasetOf(bars: readonly IndicatorBar[]): Dataset {
  const numbers = new Float64Array(bars.length * 6);
  bars.forEach(({ openedAtMs, open, high, low, close, volume }, at) =>
    numbers.set([openedAtMs, open, high, low, close, volume], at * 6),
  );
  return {
    dataset: createHash("sha256").update(numbers).digest("hex"),
    bars: bars.length,
    firstBarAtMs: bars[0]?.openedAtMs ?? 0,
    lastBarAtMs: bars.at(-1)?.openedAtMs ?? 0,
  };
}
