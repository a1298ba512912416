import fc from "fast-check";
import { expect, test } from "vitest";
import { Pace } from "./pace.ts";

test("messages are due at their distance divided by the speed", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), fc.nat(10_000), fc.nat(10_000), (speed, gapMs, spentMs) => {
      let nowMs = 50;
      const pace = new Pace(speed, () => nowMs);
      expect(pace.dueInMs(1_000_000_000n)).toBe(0);
      nowMs += spentMs;
      expect(pace.dueInMs(1_000_000_000n + BigInt(gapMs) * 1_000_000n)).toBeCloseTo(gapMs / speed - spentMs, 6);
    }),
  );
});

test("at full speed everything is due, and after a pause the distance counts anew", () => {
  expect(new Pace("max").dueInMs(5n)).toBe(0);
  let nowMs = 0;
  const pace = new Pace(1, () => nowMs);
  pace.dueInMs(0n);
  nowMs = 1_000;
  expect(pace.dueInMs(0n)).toBe(-1_000);
  pace.restart();
  expect(pace.dueInMs(7n)).toBe(0);
});
