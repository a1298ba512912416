import { expect, test } from "vitest";
import { CloseSeries } from "./close-series.ts";

test("RSI gives the published values of ChartSchool's worked example, and null before 15 closes", () => {
  const closes = [
    44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931, 46.0328, 45.614,
    46.282, 46.282, 46.0028, 46.0328,
  ];
  const series = new CloseSeries();
  const values = closes.map((close, index) => {
    series.add(String(index).padStart(3, "0"), close);
    return series.rsi();
  });
  expect(values.slice(0, 14)).toEqual(new Array(14).fill(null));
  [70.53, 66.32, 66.55].forEach((value, index) => expect(values[14 + index]).toBeCloseTo(value, 1));
});

test("a bar that is not newer is no news", () => {
  const series = new CloseSeries([1], "2024-01-01T00:01:00Z");
  expect(series.add("2024-01-01T00:01:00Z", 2)).toBe(false);
  expect(series.add("2024-01-01T00:02:00Z", 2)).toBe(true);
  expect(series.closes).toEqual([1, 2]);
});
