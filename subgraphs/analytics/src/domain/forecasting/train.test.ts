import { CodedError } from "@mib/service/coded-error";
import { expect, test } from "vitest";
import { forecastNow, withInterval } from "./forecast.ts";
import { modelSpec, type ModelArguments } from "./model-spec.ts";
import { examplesOf } from "./pipeline.ts";
import { market, M5_MS, normals, PER_DAY } from "./test-market.ts";
import { train } from "./train.ts";

const specOf = (given: Omit<ModelArguments, "symbol">) => modelSpec({ symbol: "X", ...given });

test("HAR-RV beats yesterday's value where volatility comes back to a mean, and its forecast is near the true one", () => {
  const { bars, variances } = market(401);
  const spec = specOf({ kind: "HAR_RV" });
  const model = train(spec, bars.slice(0, 400 * PER_DAY), null);
  expect(model.evaluation).toMatchObject({ verdict: "BETTER", forecasts: 400 - 22 - 60 });
  expect(model.evaluation.loss).toBeLessThan(model.evaluation.naiveLoss);
  const forecast = withInterval(
    spec,
    forecastNow(spec, model.fitted, bars.slice(0, 400 * PER_DAY))!,
    model.calibration,
    0.9,
  );
  expect(forecast.asOfMs).toBe(400 * PER_DAY * M5_MS);
  expect(forecast.lower).toBeLessThan(Math.sqrt(variances[400]!));
  expect(forecast.upper).toBeGreaterThan(Math.sqrt(variances[400]!));
});

test("intervals cover about as much as they say", () => {
  const covered = [1, 2, 3, 4].map(
    (seed) => train(specOf({ kind: "HAR_RV" }), market(400, { seed }).bars, null).evaluation,
  );
  const intervals = covered.reduce((sum, each) => sum + each.intervals, 0);
  const inside = covered.reduce((sum, each) => sum + each.intervals * each.covered!, 0);
  expect(intervals).toBeGreaterThan(1_000);
  expect(inside / intervals).toBeGreaterThan(0.87);
  expect(inside / intervals).toBeLessThan(0.93);
});

test("what the direction of a random walk is, no model knows, and it says so", () => {
  const { bars } = market(6, { persistent: false });
  const { evaluation } = train(specOf({ kind: "LOGISTIC", interval: "M5" }), bars, null);
  expect(evaluation.verdict).not.toBe("BETTER");
});

test("a direction that follows from the last one is learned", () => {
  // Each step goes half of the last one back: the last return tells the next one's sign more often than not.
  const normal = normals(5);
  let last = 0;
  let price = 0;
  const bars = Array.from({ length: 1_500 }, (_, at) => {
    const before = price;
    last = -0.5 * last + 0.01 * normal();
    price += last;
    const [open, close] = [Math.exp(before), Math.exp(price)];
    return { openedAtMs: at * M5_MS, open, close, high: Math.max(open, close), low: Math.min(open, close), volume: 1 };
  });
  const { evaluation } = train(specOf({ kind: "LOGISTIC", interval: "M5" }), bars, null);
  expect(evaluation.verdict).toBe("BETTER");
});

test("training makes examples of its bars once", () => {
  let reads = 0;
  const spec = specOf({ kind: "HAR_RV", measure: "RANGE" });
  const days = Array.from({ length: 400 }, (_, day) => {
    const part = market(1, { seed: day + 1 }).bars;
    const prices = part.map(({ close }) => close);
    return {
      ...part[0]!,
      openedAtMs: day * PER_DAY * M5_MS,
      high: Math.max(...prices),
      low: Math.min(...prices),
      // Of a day that is older than what is looked through for the future.
      get close() {
        if (day === 100) reads += 1;
        return prices.at(-1)!;
      },
    };
  });
  examplesOf(spec, days);
  const once = reads;
  reads = 0;
  train(spec, days, null);
  expect(once).toBeGreaterThan(0);
  expect(reads).toBe(once);
});

test("a challenger is held against the champion on the same bars", () => {
  const { bars } = market(300);
  const champion = specOf({ kind: "HAR_RV", lags: [22] });
  const { challenge } = train(specOf({ kind: "HAR_RV" }), bars, champion);
  expect(challenge!.loss).toBeLessThan(challenge!.championLoss);
  expect(train(champion, bars, champion).challenge).toMatchObject({ verdict: "UNDECIDED" });
  expect(
    train(specOf({ kind: "HAR_RV", measure: "RANGE", interval: "M5" }), bars.slice(0, 600), champion).challenge,
  ).toBeNull();
});

test.each([
  ["no bars", 0],
  ["one bar", 1],
  ["fewer days than the month that HAR-RV looks back on", 20 * PER_DAY],
  ["too few days to judge a model by", 100 * PER_DAY],
])("%s are TOO_FEW_BARS", (_, count) => {
  const { bars } = market(101);
  const training = () => train(specOf({ kind: "HAR_RV" }), bars.slice(0, count), null);
  expect(training).toThrow(CodedError);
  expect(training).toThrow(expect.objectContaining({ code: "TOO_FEW_BARS" }));
});

test("a market that stands still is TOO_FEW_BARS, not NaN", () => {
  const bars = market(200).bars.map((bar) => ({ ...bar, open: 1, high: 1, low: 1, close: 1 }));
  for (const kind of ["HAR_RV", "EWMA"] as const)
    expect(() => train(specOf({ kind }), bars, null)).toThrow(expect.objectContaining({ code: "TOO_FEW_BARS" }));
  expect(() => train(specOf({ kind: "LOGISTIC", interval: "M5" }), bars.slice(0, 2_000), null)).toThrow(
    expect.objectContaining({ code: "TOO_FEW_BARS" }),
  );
});

test("a variance that never changes is forecast as it is", () => {
  // Up and down by the same step: each day has the same variance.
  const bars = market(200).bars.map(({ openedAtMs }, at) => {
    const close = at % 2 === 0 ? 100 : 101;
    return { openedAtMs, open: 201 - close, high: 101, low: 100, close, volume: 1 };
  });
  const spec = specOf({ kind: "HAR_RV" });
  const model = train(spec, bars, null);
  const forecast = withInterval(spec, forecastNow(spec, model.fitted, bars)!, model.calibration, 0.9);
  expect(forecast.value).toBeCloseTo(Math.log(1.01) * Math.sqrt(PER_DAY), 9);
  expect(model.evaluation.verdict).toBe("UNDECIDED");
});

test.each([
  ["a horizon of nothing", { kind: "HAR_RV", horizon: 0 }],
  ["a horizon beyond the month", { kind: "HAR_RV", horizon: 23 }],
  ["seconds", { kind: "EWMA", interval: "S1" }],
  ["minutes by finer bars", { kind: "EWMA", interval: "M1", measure: "REALISED" }],
  ["lags that fall", { kind: "HAR_RV", lags: [5, 1] }],
  ["no lags", { kind: "HAR_RV", lags: [] }],
  ["a lag of a year", { kind: "HAR_RV", lags: [1, 365] }],
  ["no penalty", { kind: "LOGISTIC", ridge: 0 }],
  ["a penalty that is no number", { kind: "LOGISTIC", ridge: NaN }],
] as const)("%s is refused", (_, given) => {
  expect(() => specOf(given)).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT" }));
});
