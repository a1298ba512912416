import { describe, expect, test } from "vitest";
import { checkHistory } from "./check-history.ts";
import type { History, Observation, PublishedEvent, Received } from "./history.ts";

/** The events 1 … count of a channel; those from `newEpochFrom` on are of a second epoch. */
const published = (count: number, newEpochFrom = Infinity): PublishedEvent[] =>
  Array.from({ length: count }, (_, i) => ({
    id: String(i + 1),
    epoch: i + 1 < newEpochFrom ? "e1" : "e2",
    value: `v${i + 1}`,
  }));

const event = (id: number, more: Partial<Received> = {}): Received => ({
  kind: "RECEIVED",
  channel: "a",
  id: String(id),
  value: `v${id}`,
  cursor: `c${id}`,
  gap: null,
  conflated: 0,
  verdict: null,
  ...more,
});
const events = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => event(first + i));
const subscribed = (after: string | null): Observation => ({ kind: "SUBSCRIBED", after });
const head = (id: number): Observation => ({ kind: "HEAD", cursor: `c${id}` });
const ended = (reason: string): Observation => ({ kind: "ENDED", code: "STREAM_NOT_RECOVERED", reason });
const recovered = (replayed: number) => ({ verdict: { recovered: true, replayed, reason: null } });

interface Case {
  name: string;
  saw: Observation[];
  /** The kinds of what is wrong, in order. */
  wrong: string[];
  events?: PublishedEvent[];
  had?: number;
}

function check({ saw, wrong, events: truth = published(10), had }: Case, delivery: "EVERY" | "LATEST"): void {
  const history: History = {
    published: new Map([
      ["a", truth],
      ["b", []],
    ]),
    subscriptions: [
      {
        name: "s",
        delivery,
        channels: delivery === "EVERY" ? ["a"] : ["a", "b"],
        had: new Map(had === undefined ? [] : [["a", String(had)]]),
        hadCursor: had === undefined ? null : `c${had}`,
        observations: saw,
      },
    ],
  };
  expect(checkHistory(history).violations.map(({ kind }) => kind)).toEqual(wrong);
}

const EVERY: Case[] = [
  { name: "all of them once and in order", saw: [subscribed("start"), ...events(1, 10)], wrong: [] },
  { name: "what follows what it had", saw: events(5, 10), had: 4, wrong: [] },
  { name: "nothing, when it had all", saw: [], had: 10, wrong: [] },
  { name: "one twice", saw: [...events(1, 5), ...events(5, 10)], wrong: ["DUPLICATE"] },
  { name: "what it had before, again", saw: events(4, 10), had: 4, wrong: ["DUPLICATE"] },
  {
    name: "one late",
    saw: [...events(1, 4), ...events(6, 7), event(5), ...events(8, 10)],
    wrong: ["SILENT_GAP", "REORDERED"],
  },
  { name: "one not", saw: [...events(1, 4), ...events(6, 10)], wrong: ["SILENT_GAP"] },
  { name: "not the first of those that follow what it had", saw: events(6, 10), had: 4, wrong: ["SILENT_GAP"] },
  { name: "not the last", saw: events(1, 9), wrong: ["MISSING_TAIL"] },
  { name: "nothing at all", saw: [], wrong: ["MISSING_TAIL"] },
  { name: "nothing since it began anew", saw: [...events(1, 10), subscribed(null)], wrong: ["MISSING_TAIL"] },
  {
    name: "a gap with its number",
    saw: [...events(1, 4), event(8, { gap: { count: 3, reason: "lost" } }), ...events(9, 10)],
    wrong: [],
  },
  {
    name: "a gap that nobody can count",
    saw: [...events(1, 4), event(8, { gap: { count: null, reason: "lost" } }), ...events(9, 10)],
    wrong: [],
  },
  {
    name: "a gap with another number",
    saw: [...events(1, 4), event(8, { gap: { count: 2, reason: "lost" } }), ...events(9, 10)],
    wrong: ["WRONG_GAP"],
  },
  {
    name: "a gap where nothing is missing",
    saw: [...events(1, 4), event(5, { gap: { count: 2, reason: "lost" } }), ...events(6, 10)],
    wrong: ["WRONG_GAP"],
  },
  {
    name: "what came before a gap, after it",
    saw: [...events(1, 4), event(6, { gap: { count: 1, reason: "lost" } }), event(5), ...events(7, 10)],
    wrong: ["REORDERED"],
  },
  { name: "one that nobody published", saw: [...events(1, 10), event(11)], wrong: ["UNKNOWN_EVENT"] },
  { name: "one of another channel", saw: [...events(1, 10), event(1, { channel: "b" })], wrong: ["UNKNOWN_EVENT"] },
  { name: "another value", saw: [...events(1, 9), event(10, { value: "v9" })], wrong: ["WRONG_VALUE"] },
  { name: "a cursor of two events", saw: [...events(1, 9), event(10, { cursor: "c9" })], wrong: ["REUSED_CURSOR"] },
  {
    name: "the rest after it went on",
    saw: [...events(1, 4), subscribed("c4"), event(5, recovered(3)), ...events(6, 10)],
    wrong: [],
  },
  {
    name: "no verdict after it went on",
    saw: [...events(1, 4), subscribed("c4"), ...events(5, 10)],
    wrong: ["FORGOTTEN_VERDICT"],
  },
  {
    name: "a verdict that promises more than there is",
    saw: [...events(1, 4), subscribed("c4"), event(5, recovered(7)), ...events(6, 10)],
    wrong: ["WRONG_REPLAY"],
  },
  {
    name: "the last one that it had, again after it went on",
    saw: [...events(1, 4), subscribed("c4"), event(4, recovered(6)), ...events(5, 10)],
    wrong: ["DUPLICATE"],
  },
  {
    name: "less than it was promised",
    saw: [...events(1, 4), subscribed("c4"), event(7, recovered(3)), ...events(8, 10)],
    wrong: ["SILENT_GAP"],
  },
  {
    name: "some again, when it asked for an older cursor",
    saw: [...events(1, 6), subscribed("c4"), event(5, recovered(2)), ...events(6, 10)],
    wrong: [],
  },
  {
    name: "what comes, once it was told that it can't go on",
    saw: [...events(1, 4), subscribed("c4"), ended("too_far"), subscribed(null), ...events(8, 10)],
    wrong: [],
  },
  {
    name: "a new epoch that it is told of",
    events: published(10, 6),
    saw: [...events(1, 4), event(6, { gap: { count: null, reason: "epoch" } }), ...events(7, 10)],
    wrong: [],
  },
  { name: "a new epoch in silence", events: published(10, 6), saw: events(1, 10), wrong: ["SILENT_GAP"] },
  {
    name: "a new epoch with a number that nobody can know",
    events: published(10, 6),
    saw: [...events(1, 5), event(6, { gap: { count: 0, reason: "epoch" } }), ...events(7, 10)],
    wrong: ["WRONG_GAP"],
  },
  { name: "a head of what came last", saw: [...events(1, 4), head(4), ...events(5, 10), head(10)], wrong: [] },
  { name: "a head of what did not come", saw: [...events(1, 4), head(5), ...events(5, 10)], wrong: ["WRONG_HEAD"] },
];

const LATEST: Case[] = [
  {
    name: "the newest, and how many were skipped",
    saw: [event(3, { conflated: 2 }), event(10, { conflated: 6 })],
    wrong: [],
  },
  {
    name: "what is current again after it went on",
    saw: [subscribed(null), event(3), subscribed("c3"), event(3, recovered(0)), event(10, { conflated: 6 })],
    wrong: [],
  },
  {
    name: "what is current, however much it missed",
    saw: [event(1), subscribed("c1"), event(10, recovered(0))],
    wrong: [],
  },
  { name: "some skipped in silence", saw: [event(1), event(10)], wrong: ["SILENT_GAP"] },
  { name: "more skipped than there were", saw: [event(1), event(10, { conflated: 9 })], wrong: ["WRONG_GAP"] },
  { name: "one twice", saw: [event(1), event(1), event(10, { conflated: 8 })], wrong: ["DUPLICATE"] },
  { name: "an older one", saw: [event(1), event(10, { conflated: 8 }), event(9)], wrong: ["REORDERED"] },
  {
    name: "an older one after it went on",
    saw: [...events(1, 10), subscribed("c10"), event(9, recovered(0))],
    wrong: ["REORDERED"],
  },
  { name: "no verdict after it went on", saw: [event(1), subscribed("c1"), event(10)], wrong: ["FORGOTTEN_VERDICT"] },
  { name: "not the newest", saw: events(1, 9), wrong: ["MISSING_TAIL"] },
];

describe("a subscriber of every event that got", () => {
  test.each(EVERY)("$name", (given) => check(given, "EVERY"));
});

describe("a subscriber of the newest events that got", () => {
  test.each(LATEST)("$name", (given) => check(given, "LATEST"));
});

test("what was looked at is counted", () => {
  const { counts } = checkHistory({
    published: new Map([["a", published(10)]]),
    subscriptions: [
      {
        name: "s",
        delivery: "EVERY",
        channels: ["a"],
        had: new Map(),
        hadCursor: null,
        observations: [
          ...events(1, 4),
          subscribed("c4"),
          event(7, { gap: { count: 2, reason: "lost" }, ...recovered(1) }),
          head(7),
          subscribed("c7"),
          ended("too_far"),
          subscribed(null),
          event(10),
        ],
      },
    ],
  });
  expect(counts).toEqual({
    deliveries: 6,
    verdicts: { recovered: 1, too_far: 1 },
    gaps: { lost: 1 },
    eventsInGaps: 2,
    conflated: 0,
    heads: 1,
  });
});
