import { validateValue } from "@mib/events/validate";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Crowd } from "./crowd.ts";
import { simulatedUniverse } from "./instruments.ts";
import type { Jump } from "./jumps.ts";
import { Measurements } from "./measurements.ts";
import { simulatedSensors } from "./sensors.ts";

const universe = simulatedUniverse();
const START_S = Date.UTC(2026, 2, 4, 14, 30, 20) / 1_000;
const FROM_S = START_S - 2 * 86_400;
const symbols = new Set(universe.instruments.map(({ definition }) => definition.symbol));

const jump = (seconds: number): Jump => ({
  id: `j${seconds}`,
  atMicros: (START_S + seconds) * 1e6,
  scope: "asset",
  symbols: ["BTCUSDT"],
  logSize: 0.05,
  deviations: 6,
  market: "crypto",
  sector: "store of value",
});

/** Some minutes of it, with a jump in the first and in the third, told at these times and at the end. */
function told(seed: string, pauses: readonly number[]) {
  const crowd = new Crowd(seed, universe, FROM_S, START_S);
  const measurements = new Measurements(seed, simulatedSensors(universe), FROM_S, START_S);
  const events = { posts: crowd.due(START_S), readings: measurements.due(START_S) };
  const jumps = [jump(20), jump(150)];
  for (const at of [...pauses, ...jumps.map(({ atMicros }) => atMicros / 1e6 - START_S), 400].sort((a, b) => a - b)) {
    for (const due of jumps.filter(({ atMicros }) => atMicros / 1e6 === START_S + at)) crowd.report(due);
    events.posts.push(...crowd.due(START_S + at));
    events.readings.push(...measurements.due(START_S + at));
  }
  return events;
}

test("the same seed gives the same, however often it is asked for, and another seed another", () => {
  const pause = fc.integer({ min: 0, max: 400 }).filter((at) => at !== 20 && at !== 150);
  const once = told("7", []);
  fc.assert(
    fc.property(fc.array(pause, { maxLength: 8 }), (pauses) => {
      expect(told("7", pauses)).toEqual(once);
    }),
    { numRuns: 20 },
  );
  expect(told("8", []).readings).not.toEqual(once.readings);
});

test("all of it fits its schema, is about what is there, in order, and each has an id of its own", () => {
  const { posts, readings } = told("7", [60, 120]);
  for (const [topic, events] of [
    ["social.posts.v1", posts],
    ["sensor.readings.v1", readings],
    ["sensor.definitions.v1", new Measurements("7", simulatedSensors(universe), FROM_S, START_S).definitions()],
  ] as const) {
    for (const event of events) {
      expect(validateValue(topic, JSON.stringify(event))).toEqual({ ok: true, value: event });
      for (const { symbol } of event.instruments) expect(symbols).toContain(symbol);
    }
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  }
  for (const events of [posts, readings]) {
    const times = events.map(({ at }) => Date.parse(at));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  }
});

describe("the crowd", () => {
  test("posts about a jump within two minutes, by the tag of what jumped, and as it would have otherwise", () => {
    const [excited, calm] = [true, false].map((isTold) => {
      const crowd = new Crowd("7", universe, FROM_S, START_S);
      const past = crowd.due(START_S + 20);
      if (isTold) crowd.report(jump(20));
      return [...past, ...crowd.due(START_S + 400)];
    });
    const ids = new Set(calm!.map(({ id }) => id));
    const about = excited!.filter(({ id }) => !ids.has(id));
    expect(about.length).toBeGreaterThan(0);
    expect(excited!.length - about.length).toBe(calm!.length);
    for (const { text, at } of about) {
      expect(text).toContain("$BTC");
      expect(Date.parse(at) / 1_000 - START_S).toBeGreaterThanOrEqual(20);
      expect(Date.parse(at) / 1_000 - START_S).toBeLessThanOrEqual(112);
    }
    for (const { text } of excited!) expect(text).not.toMatch(/[{}]/);
  });

  test.each(["1", "2", "3", "4"])("is quieter in the past, and not so since the start (seed %s)", (seed) => {
    const { posts } = told(seed, []);
    expect(posts.filter(({ at }) => Date.parse(at) >= START_S * 1_000).length).toBeGreaterThan(3);
    const past = posts.filter(({ at }) => Date.parse(at) < START_S * 1_000);
    expect(past.length).toBeGreaterThan(100);
    expect(past.length).toBeLessThan(200);
  });
});

describe("what is measured", () => {
  test("stays about its level, every quarter of an hour in the past, every half minute since the start", () => {
    const { readings } = told("7", []);
    const rates = readings.filter(({ metric }) => metric === "bitcoin.hash-rate");
    for (const { value } of rates) expect(Math.abs(Math.log(Number(value) / 620))).toBeLessThan(0.3);
    const seconds = rates.map(({ at }) => Date.parse(at) / 1_000);
    const steps = seconds.slice(1).map((at, index) => at - seconds[index]!);
    expect(new Set(steps)).toEqual(new Set([900, 30]));
    expect(seconds.at(-1)).toBeGreaterThan(START_S + 360);
  });

  test("is bound to those instruments that a market has", () => {
    const few = {
      ...universe,
      instruments: universe.instruments.filter(({ definition }) => definition.symbol === "BTCUSDT"),
    };
    expect(simulatedSensors(few).map(({ metric }) => metric)).toEqual(["bitcoin.hash-rate", "bitcoin.transactions"]);
    expect(simulatedSensors(universe)).toHaveLength(9);
  });
});
