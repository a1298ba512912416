import fc from "fast-check";
import { expect, test } from "vitest";
import { Backoff } from "./backoff.ts";

test("waits double up to the most, each between half and whole", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 60 }),
      (chances) => {
        let at = 0;
        const backoff = new Backoff({ leastMs: 500, mostMs: 30_000, stableMs: 60_000, random: () => chances[at++]! });
        for (const [attempt, chance] of chances.entries()) {
          const wholeMs = Math.min(30_000, 500 * 2 ** attempt);
          expect(backoff.nextMs(59_999)).toBeCloseTo(wholeMs * (0.5 + chance / 2), 6);
        }
      },
    ),
  );
});

test("a connection that held begins the series anew", () => {
  const backoff = new Backoff({ leastMs: 500, mostMs: 30_000, stableMs: 60_000, random: () => 0.5 });
  expect([0, 0, 0, 60_000, 0].map((heldMs) => backoff.nextMs(heldMs))).toEqual([375, 750, 1_500, 375, 750]);
});
