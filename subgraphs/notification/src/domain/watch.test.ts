import { expect, test } from "vitest";
import { CloseSeries } from "./close-series.ts";
import { freshState, type Comparison, type Metric, type Rule } from "./rule.ts";
import { RuleBook } from "./rule-book.ts";
import { emptyOutcome, joinOutcomes, Watch } from "./watch.ts";

const E9 = 1_000_000_000n;
const rule = (metric: Metric, comparison: Comparison, threshold: bigint): Rule => ({
  id: metric,
  userId: "u",
  version: 1,
  symbol: "X",
  metric,
  comparison,
  thresholdE9: threshold * E9,
  interval: null,
  note: null,
  ...freshState(comparison),
});

function watching(...rules: Rule[]): Watch {
  const book = new RuleBook();
  book.replaceAll(rules);
  return new Watch(book);
}

const trade = (price: bigint, at = "2024-08-08T12:00:00Z") => ({ symbol: "X", priceE9: price * E9, at });

test("a trade is held against the price and the change of its own day", () => {
  const watch = watching(rule("PRICE", "ABOVE", 104n), rule("CHANGE_PERCENT", "ABOVE", 9n));
  const outcome = emptyOutcome();
  watch.trade(outcome, trade(100n));
  watch.trade(outcome, trade(105n));
  watch.trade(outcome, trade(110n));
  watch.trade(outcome, trade(50n, "2024-08-09T00:00:00Z"));
  watch.trade(outcome, trade(60n, "2024-08-09T00:00:01Z"));
  expect(outcome.notifications.map(({ ruleId, value, at }) => [ruleId, value, at])).toEqual([
    ["PRICE", "105", "2024-08-08T12:00:00Z"],
    ["CHANGE_PERCENT", "10", "2024-08-08T12:00:00Z"],
    ["CHANGE_PERCENT", "20", "2024-08-09T00:00:01Z"],
  ]);
  expect([...outcome.dayOpens]).toEqual(["X"]);
});

test("what could not be written is joined with what came after it: newest states, all notifications", () => {
  const watch = watching(rule("PRICE", "ABOVE", 104n));
  const [earlier, later] = [emptyOutcome(), emptyOutcome()];
  watch.trade(earlier, trade(105n));
  watch.trade(later, trade(100n));
  watch.trade(later, trade(106n));
  const joined = joinOutcomes(earlier, later);
  expect(joined.notifications.map(({ value }) => value)).toEqual(["105", "106"]);
  expect(joined.rules.get("PRICE")).toMatchObject({ armed: false, arming: 1 });
});

test("an instrument that only traded is known after a restart, like one with bars", () => {
  const watch = watching();
  watch.restoreDayOpen("TRADED", { day: "2024-08-08", openE9: E9 });
  watch.restore("M1", "BARS", new CloseSeries([1], "2024-08-08T12:00:00Z"));
  expect(["TRADED", "BARS", "NOPE"].map((symbol) => watch.knows(symbol))).toEqual([true, true, false]);
});
