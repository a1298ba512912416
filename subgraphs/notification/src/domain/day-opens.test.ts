import { expect, test } from "vitest";
import { DayOpens } from "./day-opens.ts";

const E9 = 1_000_000_000n;

test("the first trade of a day is its open, until the day's bar says better", () => {
  const opens = new DayOpens();
  expect(opens.changePercentE9("X", "2024-08-08", 100n * E9)).toBeNull();
  expect(opens.trade("X", "2024-08-08", 100n * E9)).toBe(true);
  expect(opens.trade("X", "2024-08-08", 110n * E9)).toBe(false);
  expect(opens.changePercentE9("X", "2024-08-08", 110n * E9)).toBe(10n * E9);
  expect(opens.bar("X", "2024-08-08", 88n * E9)).toBe(true);
  expect(opens.bar("X", "2024-08-08", 88n * E9)).toBe(false);
  expect(opens.changePercentE9("X", "2024-08-08", 110n * E9)).toBe(25n * E9);
  expect(opens.trade("X", "2024-08-09", 50n * E9)).toBe(true);
  expect(opens.changePercentE9("X", "2024-08-09", 49n * E9)).toBe(-2n * E9);
});

test("a late trade or bar of a day before changes nothing and has no change", () => {
  const opens = new DayOpens();
  opens.trade("X", "2024-08-09", 50n * E9);
  expect(opens.trade("X", "2024-08-08", 70n * E9)).toBe(false);
  expect(opens.bar("X", "2024-08-08", 70n * E9)).toBe(false);
  expect(opens.changePercentE9("X", "2024-08-08", 70n * E9)).toBeNull();
});
