import { expect, test } from "vitest";
import { simulateHub } from "./simulate-hub.ts";
import { LogWorld } from "./log-world.ts";
import { WindowWorld } from "./window-world.ts";
import type { SimulationReport } from "./witness.ts";

const SEEDS = Number(process.env["STREAM_SEEDS"] ?? 300);

const calm = { dropMessages: false, disconnect: false, loseData: false, changeEpoch: false, loseEntries: false };

test.each([
  ["nothing fails", calm],
  ["messages are lost", { ...calm, dropMessages: true }],
  ["connections break", { ...calm, dropMessages: true, disconnect: true }],
  ["windows lose entries", { ...calm, dropMessages: true, disconnect: true, loseEntries: true }],
  ["epochs change", { ...calm, dropMessages: true, disconnect: true, changeEpoch: true, loseEntries: true }],
  [
    "the store loses its data",
    { dropMessages: true, disconnect: true, loseData: true, changeEpoch: true, loseEntries: true },
  ],
])("whatever the schedule, nothing is missed in silence, twice or out of order while %s", async (_, faults) => {
  const total: Omit<SimulationReport, "problems"> = {
    published: 0,
    delivered: 0,
    gaps: 0,
    holes: 0,
    recovered: 0,
    notRecovered: 0,
  };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = await simulateHub(new WindowWorld(seed, faults), faults);
    expect(report.problems, `seed ${seed}`).toEqual([]);
    for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += report[name];
  }
  expect(total.delivered).toBeGreaterThan(SEEDS);
  expect(total.recovered).toBeGreaterThan(0);
  if (!faults.loseEntries) expect(total.notRecovered).toBe(0);
  else expect(total.notRecovered).toBeGreaterThan(0);
  if (faults.dropMessages) expect(total.holes).toBeGreaterThan(0);
  else expect(total.holes).toBe(0);
  // What the window still has is never given up as lost.
  if (!faults.loseEntries) expect(total.gaps).toBe(0);
  else expect(total.gaps).toBeGreaterThan(0);
});

test.each([
  ["nothing fails", calm],
  ["reads fail", { ...calm, dropMessages: true }],
  ["connections break", { ...calm, dropMessages: true, disconnect: true }],
  ["streams are trimmed and entries deleted", { ...calm, dropMessages: true, disconnect: true, loseEntries: true }],
  ["streams are deleted", { ...calm, dropMessages: true, disconnect: true, changeEpoch: true }],
  ["Redis goes back to what it had saved", { ...calm, dropMessages: true, disconnect: true, loseData: true }],
  ["all of that goes on", { ...calm, dropMessages: true, disconnect: true, loseData: true, changeEpoch: true }],
])("nor is anything of streams that services fill in Redis while %s", async (_, faults) => {
  const total = { delivered: 0, gaps: 0, recovered: 0, notRecovered: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = await simulateHub(new LogWorld(seed, faults), faults);
    expect(report.problems, `seed ${seed}`).toEqual([]);
    for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += report[name];
  }
  expect(total.delivered).toBeGreaterThan(SEEDS);
  expect(total.recovered).toBeGreaterThan(0);
  const loses = faults.loseEntries || faults.changeEpoch || faults.loseData;
  expect([total.notRecovered > 0, total.gaps > 0]).toEqual([loses, loses]);
});
