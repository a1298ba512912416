import { InvalidRecordError, type StreamEvent } from "@mib/events/event";
import { expect, test } from "vitest";
import { freshState, type Rule } from "../domain/rule.ts";
import { RuleBook } from "../domain/rule-book.ts";
import { emptyOutcome, Watch } from "../domain/watch.ts";
import { observeEvent } from "./observe-event.ts";

test("a bar counts whose volume is larger than an i64 of units", () => {
  const outcome = emptyOutcome();
  const bar = {
    instrument: { symbol: "SHIBUSDT" },
    interval: "M1",
    openedAt: "2026-11-24T21:13:00Z",
    open: "0.00001247",
    high: "0.00001247",
    low: "0.00001247",
    close: "0.00001247",
    volume: "13257105110",
    tradeCount: 1,
    final: true,
    revision: 0,
  };
  const event = { topic: "market.bars.v1", channel: "SHIBUSDT/M1", value: JSON.stringify(bar), backfill: false };
  observeEvent(new Watch(new RuleBook()), outcome, event as StreamEvent);
  expect([...outcome.series]).toEqual(["M1/SHIBUSDT"]);
});

test.each([
  ["no JSON", "{"],
  ["a price that is a number", JSON.stringify({ id: "1", price: 1.5, size: "1", at: "2026-11-24T21:13:00Z" })],
])("a trade that is %s is an invalid record, and no fault of ours", (_, value) => {
  const event = { topic: "market.trades.v1", channel: "BTCUSDT", value, backfill: false };
  expect(() => observeEvent(new Watch(new RuleBook()), emptyOutcome(), event as StreamEvent)).toThrow(
    InvalidRecordError,
  );
});

test("a rule on sentiment hears of an article that only its text says to be about the instrument", () => {
  const book = new RuleBook();
  const rule: Rule = {
    ...freshState("BELOW"),
    id: "r1",
    userId: "u1",
    version: 1,
    symbol: "FCX",
    metric: "SENTIMENT",
    comparison: "BELOW",
    thresholdE9: 0n,
    interval: null,
    note: null,
  };
  book.put(rule);
  const value = {
    id: "a1",
    title: "Freeport plunges after a loss",
    source: "wire",
    publishedAt: "2024-02-29T12:00:00Z",
    instruments: [],
    about: [{ symbol: "FCX" }],
  };
  const outcome = emptyOutcome();
  const event = { topic: "news.linked.v1", channel: "*", backfill: false, value: JSON.stringify(value) };
  observeEvent(new Watch(book), outcome, event as StreamEvent);
  expect(outcome.notifications).toMatchObject([{ ruleId: "r1", symbol: "FCX" }]);
});

const article = {
  id: "a1",
  title: "Copper supply is disrupted",
  source: "wire",
  publishedAt: "2024-02-29T12:00:00Z",
  symbols: ["HG"],
};
const matchEvent = (changed: Partial<typeof article>) =>
  ({
    topic: "news.matches.v1",
    channel: "*",
    backfill: false,
    value: JSON.stringify({ watch: "w1", version: 1, similarity: 0.7, article: { ...article, ...changed } }),
  }) as StreamEvent;

test("a match is kept for the inbox", () => {
  const outcome = emptyOutcome();
  observeEvent(new Watch(new RuleBook()), outcome, matchEvent({}));
  expect(outcome.matches).toMatchObject([{ watch: "w1", article: { id: "a1" } }]);
});

test.each([
  [{ id: "a\u0000" }],
  [{ title: "Copper\u0000 supply" }],
  [{ source: "\u0000" }],
  [{ symbols: ["HG", "F\u0000X"] }],
  [{ publishedAt: "2024-02-30T12:00:00Z" }],
  [{ publishedAt: "0000-01-01T00:00:00Z" }],
])("a match that the database can't hold is an invalid record: %j", (changed) => {
  const outcome = emptyOutcome();
  expect(() => observeEvent(new Watch(new RuleBook()), outcome, matchEvent(changed))).toThrow(InvalidRecordError);
  expect(outcome.matches).toEqual([]);
});
