import { describe, expect, test } from "vitest";
import { INTERVAL_MS } from "../interval-length.ts";
import { barsNeeded } from "./bars-needed.ts";
import { forecastNow, withInterval } from "./forecast.ts";
import { forecastTrack } from "./forecast-track.ts";
import { modelSpec, type ModelKind } from "./model-spec.ts";
import { market, PER_DAY } from "./test-market.ts";
import { train } from "./train.ts";

const DAY_MS = INTERVAL_MS.D1;
const DAYS = 420;
const TRAINED_DAYS = 400;
const { bars: fiveMinutes } = market(DAYS);
const daily = Array.from({ length: DAYS }, (_, day) => {
  const steps = fiveMinutes.slice(day * PER_DAY, (day + 1) * PER_DAY);
  return {
    openedAtMs: day * DAY_MS,
    open: steps[0]!.open,
    high: Math.max(...steps.map(({ high }) => high)),
    low: Math.min(...steps.map(({ low }) => low)),
    close: steps.at(-1)!.close,
    volume: 1,
  };
});

describe.each<[ModelKind, number]>([
  ["HAR_RV", 1],
  ["EWMA", 3],
  ["LOGISTIC", 1],
])("the track of %s over %s days", (kind, horizon) => {
  const spec = modelSpec({ symbol: "A", kind, horizon, interval: "D1", measure: "RANGE" });
  const trained = train(spec, daily.slice(0, TRAINED_DAYS), null);
  const track = forecastTrack({ spec, trained }, daily, { count: 40, coverage: 0.9 });

  test("has of each time what the model forecast then, from the bars until then", () => {
    expect(track.points.map(({ atMs }) => atMs)).toEqual(
      Array.from({ length: 40 }, (_, at) => (DAYS - 39 + at) * DAY_MS),
    );
    for (const point of track.points) {
      const bars = daily.filter(({ openedAtMs }) => openedAtMs < point.atMs);
      const then = withInterval(spec, forecastNow(spec, trained.fitted, bars)!, trained.calibration, 0.9);
      expect(point).toMatchObject({ value: then.value, lower: then.lower, upper: then.upper });
      expect([point.atMs, point.untilMs]).toEqual([then.asOfMs, then.untilMs]);
    }
  });

  test("knows no outcome that is still to come, and judges only what the model had not seen", () => {
    expect(track.points.slice(-horizon).map(({ actual }) => actual)).toEqual(new Array(horizon).fill(null));
    expect(track.points.filter(({ inSample }) => !inSample)[0]!.atMs).toBe(trained.toMs);
    const tests = track.points.filter(({ inSample, actual }) => !inSample && actual !== null);
    expect(track.judged).toBe(tests.length);
    expect(tests.length).toBe(DAYS - TRAINED_DAYS - horizon + 1);
    expect(track.inside).toBe(
      tests.filter(({ lower, actual, upper }) => lower! <= actual! && actual! <= upper!).length,
    );
    expect(track.inside).toBeGreaterThan(tests.length / 2);
    expect(track.loss).toBeGreaterThan(0);
    expect(track.baselineLoss).toBeGreaterThan(0);
  });

  test("takes no more bars than it says it needs", () => {
    const needed = daily.slice(-barsNeeded(spec, 40));
    const points = forecastTrack({ spec, trained }, needed, { count: 40, coverage: 0.9 }).points;
    expect(points).toHaveLength(40);
    points.forEach((point, at) => {
      // What came long before weighs a thousandth in Wilder's averages.
      expect(Math.abs(point.value / track.points[at]!.value - 1)).toBeLessThan(kind === "LOGISTIC" ? 1e-3 : 1e-12);
    });
  });
});

test("a model that has seen everything is not judged, and too few bars make no points", () => {
  const spec = modelSpec({ symbol: "A", kind: "HAR_RV", interval: "D1", measure: "RANGE" });
  const trained = train(spec, daily, null);
  const seen = forecastTrack({ spec, trained }, daily, { count: 5, coverage: 0.9 });
  expect(seen).toMatchObject({ judged: 0, inside: 0, loss: null, baselineLoss: null });
  expect(seen.points.map(({ inSample }) => inSample)).toEqual([true, true, true, true, false]);
  expect(forecastTrack({ spec, trained }, daily.slice(0, 10), { count: 5, coverage: 0.9 }).points).toEqual([]);
});
