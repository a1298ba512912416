import { expect, test } from "vitest";
import { forecastRows } from "./forecasts.ts";

test("on the simulator HAR-RV beats yesterday's value, intervals cover what they say, and no direction is foretold", () => {
  const rows = new Map(
    forecastRows({ quick: false, args: [] }).map(({ id, value }) => [id.replace("analytics.forecast-", ""), value]),
  );
  const of = (id: string) => rows.get(id)!;
  expect(of("count.har-rv")).toBeGreaterThanOrEqual(2_000);
  expect(of("qlike.har-rv")).toBeLessThan(of("qlike.har-rv-yesterday"));
  expect(of("qlike-true.har-rv")).toBeLessThan(of("qlike-true.har-rv-yesterday"));
  expect(of("better.har-rv")).toBe(18);
  for (const model of ["har-rv", "ewma"]) {
    expect(of(`intervals.${model}`)).toBeGreaterThanOrEqual(2_000);
    expect(of(`coverage-90.${model}`)).toBeGreaterThanOrEqual(88);
    expect(of(`coverage-90.${model}`)).toBeLessThanOrEqual(92);
  }
  expect(of("better.logistic")).toBeLessThanOrEqual(1);
});
