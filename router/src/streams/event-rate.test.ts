import { expect, test } from "vitest";
import { EventRate } from "./event-rate.ts";

test("a steady channel has its rate after a while, and none after a quiet one", () => {
  const rate = new EventRate();
  let now = 0;
  for (; now < 60_000; now += 20) rate.note(now);
  expect(rate.perSecond(now)).toBeCloseTo(50, 0);
  expect(rate.perSecond(now + 120_000)).toBeCloseTo(0, 2);
});
