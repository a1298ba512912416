import fc from "fast-check";
import { expect, test } from "vitest";
import { HedgeDelay } from "./hedge-delay.ts";

function delayAfter(latencies: readonly number[], percentile: number | null): number {
  const delay = new HedgeDelay({ delayMs: 7, percentile });
  for (const latency of latencies) delay.observe(latency);
  return delay.ms;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

test("a delay without a percentile never changes", () => {
  expect(delayAfter(upTo(1_000), null)).toBe(7);
});

test("the fixed delay holds until there are enough latencies", () => {
  expect(delayAfter(upTo(63), 95)).toBe(7);
});

test("the delay is the percentile of the latencies, by the nearest rank", () => {
  expect(delayAfter(upTo(64), 95)).toBe(61);
  expect(delayAfter(upTo(64), 50)).toBe(32);
});

test("old latencies are forgotten", () => {
  const old = Array.from({ length: 2_000 }, () => 900);
  expect(delayAfter([...old, ...upTo(512)], 95)).toBe(487);
});

test("the delay is 1 ms at least", () => {
  expect(
    delayAfter(
      Array.from({ length: 64 }, () => 0.01),
      95,
    ),
  ).toBe(1);
});

test("at most the rest of the recent latencies are above the delay", () => {
  const latency = fc.double({ min: 1, max: 10_000, noNaN: true });
  const latencies = fc.array(latency, { minLength: 64, maxLength: 512 });
  const trimmed = latencies.map((all) => all.slice(0, all.length - (all.length % 16)));
  fc.assert(
    fc.property(trimmed, fc.double({ min: 50, max: 99.9, noNaN: true }), (all, percentile) => {
      const delay = delayAfter(all, percentile);
      expect(all).toContain(delay);
      expect(all.filter((each) => each > delay).length).toBeLessThanOrEqual(all.length * (1 - percentile / 100) + 1e-6);
    }),
  );
});
