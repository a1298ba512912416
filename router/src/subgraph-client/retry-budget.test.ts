import fc from "fast-check";
import { expect, test } from "vitest";
import { RetryBudget } from "./retry-budget.ts";
import { retryAfterMs, retryDelayMs } from "./retry-delay.ts";

const WINDOW_MS = 5_000;

test("a part of the recent requests may be retried, and a few in any case", () => {
  const budget = new RetryBudget({ ratio: 0.2, retriesMin: 1 });
  expect([budget.take(0), budget.take(0)]).toEqual([true, false]);
  for (let i = 0; i < 10; i++) budget.requested(0);
  expect([budget.take(0), budget.take(0), budget.take(0)]).toEqual([true, true, false]);
  expect([budget.take(3 * WINDOW_MS), budget.take(3 * WINDOW_MS)]).toEqual([true, false]);
});

test("in whatever order, retries stay within their part of what was asked in two windows", () => {
  const event = fc.record({ wait: fc.nat({ max: 1_000 }), retry: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 300 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat({ max: 3 }),
      (events, ratio, retriesMin) => {
        const budget = new RetryBudget({ ratio, retriesMin });
        const asked: number[] = [];
        const retried: number[] = [];
        let now = 0;
        for (const { wait, retry } of events) {
          now += wait;
          const since = (Math.floor(now / WINDOW_MS) - 1) * WINDOW_MS;
          const count = (times: number[]) => times.filter((time) => time >= since).length;
          if (!retry) {
            budget.requested(now);
            asked.push(now);
            continue;
          }
          const allowed = count(retried) + 1 <= retriesMin + count(asked) * ratio;
          expect(budget.take(now)).toBe(allowed);
          if (allowed) retried.push(now);
        }
      },
    ),
  );
});

test("the wait grows, has a bound, and is never shorter than what Retry-After asks for", () => {
  const policy = { retriesMax: 9, backoffMs: 20, backoffMsMax: 100 };
  expect([1, 2, 3, 4, 9].map((retry) => retryDelayMs(policy, retry, 0, 1))).toEqual([20, 40, 80, 100, 100]);
  expect([0, 0.5].map((random) => retryDelayMs(policy, 2, 0, random))).toEqual([0, 20]);
  expect(retryDelayMs(policy, 1, 3_000, 1)).toBe(3_000);
});

test("Retry-After is read in both its forms, and nonsense asks for nothing", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  expect(retryAfterMs("2", now)).toBe(2_000);
  expect(retryAfterMs("Thu, 01 Jan 2026 00:00:03 GMT", now)).toBe(3_000);
  expect(["Thu, 01 Jan 2025 00:00:03 GMT", "soon", "-1", undefined].map((text) => retryAfterMs(text, now))).toEqual([
    0, 0, 0, 0,
  ]);
});
