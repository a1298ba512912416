import { BarInterval } from "@mib/protocol/messages.generated";
import fc from "fast-check";
import { expect, test } from "vitest";
import { planBackfill } from "./backfill-plan.ts";

const starts = fc.integer({ min: 1_700_000_000, max: 1_900_000_000 });
const DAY_S = 86_400;
const ages = fc.option(
  fc.oneof(...[3_600, 3 * DAY_S, 8 * DAY_S, 500 * DAY_S].map((max) => fc.integer({ min: 0, max }))),
);

test("ranges are aligned, follow one another without hole or overlap up to the minute of the start, and leave out what is known", () => {
  fc.assert(
    fc.property(starts, ages, (start, age) => {
      const known = age === null ? null : start - age;
      const ranges = planBackfill(start, known);
      for (const [at, { seconds, fromSeconds, toSeconds }] of ranges.entries()) {
        expect([fromSeconds % seconds, toSeconds % seconds]).toEqual([0, 0]);
        expect(fromSeconds).toBeLessThan(toSeconds);
        expect(fromSeconds).toBeGreaterThanOrEqual(known ?? 0);
        expect(toSeconds).toBe(ranges[at + 1]?.fromSeconds ?? start - (start % 60));
      }
      if (age === null || age >= 2 * 60) expect(ranges).not.toEqual([]);
    }),
  );
});

test("without anything known it is a year of days, at least a week with hours, at least two days with minutes", () => {
  fc.assert(
    fc.property(starts, (start) => {
      const [days, hours, minutes] = planBackfill(start, null);
      expect([days!.interval, hours!.interval, minutes!.interval]).toEqual([
        BarInterval.D1,
        BarInterval.H1,
        BarInterval.M1,
      ]);
      expect((days!.toSeconds - days!.fromSeconds) / DAY_S).toBe(365);
      expect(start - hours!.fromSeconds).toBeGreaterThanOrEqual(7 * DAY_S);
      expect(start - minutes!.fromSeconds).toBeGreaterThanOrEqual(2 * DAY_S);
      expect(start - minutes!.fromSeconds).toBeLessThan(2 * DAY_S + 3_600);
    }),
  );
});
