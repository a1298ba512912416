import { servers } from "@mib/testkit/servers";
import { expect, test } from "vitest";
import { ALL_FAULTS } from "./faults/all-faults.ts";
import { summaryOf } from "./report.ts";
import { runFaults } from "./run-faults.ts";

/** Of many kinds, so that a change which breaks one is seen here; the long run is `npm run faults`. */
const FAULTS = 20;

test(`${FAULTS} faults lose nothing, repeat nothing, and leave no gap untold`, async () => {
  const run = await runFaults({
    seed: 1,
    faults: ALL_FAULTS,
    faultCount: FAULTS,
    minutesMax: 10,
    tradesPerSecond: 120,
    fleet: { websockets: 2, eventStreams: 1, enriched: 1, latest: 1, fatSubscriptions: 4 },
    lanes: 3,
    faultsPerRound: FAULTS,
    broker: servers.kafkaBrokers[0]!,
  });
  expect(run.violations, summaryOf(run)).toEqual([]);
  expect(run.rounds).toBe(1);
  expect(run.counts.deliveries).toBeGreaterThan(run.events);
});
