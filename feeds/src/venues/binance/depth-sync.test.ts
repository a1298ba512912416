import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DepthSync, type BookStep } from "./depth-sync.ts";
import type { DepthMessage, DepthSnapshotMessage } from "./messages.ts";

const spot = (firstUpdateId: number, lastUpdateId: number): DepthMessage => ({
  kind: "depth",
  market: "spot",
  symbol: "X",
  firstUpdateId,
  lastUpdateId,
  previousUpdateId: null,
  bids: [],
  asks: [],
  atMs: 1,
});
const futures = (previousUpdateId: number, firstUpdateId: number, lastUpdateId: number): DepthMessage => ({
  ...spot(firstUpdateId, lastUpdateId),
  market: "usdm",
  previousUpdateId,
});
const snapshot = (lastUpdateId: number): DepthSnapshotMessage => ({
  kind: "depthSnapshot",
  market: "spot",
  symbol: null,
  lastUpdateId,
  bids: [],
  asks: [],
  atMs: null,
});
const told = (steps: BookStep[]) =>
  steps.map((step) =>
    step.kind === "snapshot"
      ? `snapshot ${step.snapshot.lastUpdateId}`
      : `${step.first}-${step.message.lastUpdateId}${step.coherent ? "" : "?"}`,
  );

function run(inputs: (DepthMessage | DepthSnapshotMessage)[]): { steps: string[]; sync: DepthSync } {
  const sync = new DepthSync();
  const steps = inputs.flatMap((input) => told(input.kind === "depth" ? sync.update(input) : sync.snapshot(input)));
  return { steps, sync };
}

describe("updates and snapshot come together", () => {
  test.each([
    [
      "the snapshot comes before the updates",
      [snapshot(10), spot(11, 12), spot(13, 13)],
      ["snapshot 10", "11-12", "13-13"],
    ],
    [
      "updates that the snapshot covers are left out",
      [snapshot(10), spot(8, 9), spot(10, 10), spot(11, 12)],
      ["snapshot 10", "11-12"],
    ],
    ["the snapshot falls into an update", [snapshot(10), spot(9, 12)], ["snapshot 10", "9-12"]],
    [
      "updates before the snapshot are not coherent",
      [spot(1, 2), spot(3, 4), snapshot(4), spot(5, 6)],
      ["1-2?", "3-4?", "snapshot 4", "5-6"],
    ],
    [
      "a snapshot that is older than the last updates is followed by them again",
      [spot(1, 2), spot(3, 4), spot(5, 6), snapshot(3), spot(7, 7)],
      ["1-2?", "3-4?", "5-6?", "snapshot 3", "3-4", "5-6", "7-7"],
    ],
    [
      "a snapshot that is too old is of no use",
      [spot(5, 6), snapshot(3), spot(7, 8), snapshot(8)],
      ["5-6?", "7-8?", "snapshot 8"],
    ],
    [
      "after a hole nothing is coherent until a snapshot comes",
      [snapshot(1), spot(2, 2), spot(5, 6), spot(7, 7), snapshot(7), spot(8, 8)],
      ["snapshot 1", "2-2", "5-6?", "7-7?", "snapshot 7", "8-8"],
    ],
    [
      "what is sent twice is told once",
      [snapshot(1), spot(2, 3), spot(2, 3), spot(4, 4)],
      ["snapshot 1", "2-3", "4-4"],
    ],
    [
      "an old snapshot does not disturb a coherent book",
      [snapshot(1), spot(2, 9), snapshot(5), spot(10, 10)],
      ["snapshot 1", "2-9", "10-10"],
    ],
    [
      "futures follow the number before, not the first",
      [snapshot(10), futures(8, 9, 14), futures(14, 20, 25), futures(25, 31, 31)],
      ["snapshot 10", "9-14", "15-25", "26-31"],
    ],
  ])("%s", (_, inputs, expected) => {
    expect(run(inputs).steps).toEqual(expected);
  });

  test("holes and repeats are counted", () => {
    const { sync } = run([snapshot(1), spot(3, 3), spot(3, 3), spot(9, 9)]);
    expect([sync.holes, sync.repeats, sync.waiting]).toEqual([2, 1, true]);
  });
});

test("after the snapshot every update is told once and in order, wherever the snapshot falls", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 30 }),
      fc.nat(),
      fc.nat(),
      (lengths, when, age) => {
        let id = 100;
        const updates = lengths.map((length) => spot(id + 1, (id += length)));
        const place = when % (updates.length + 1);
        const newest = place === 0 ? 100 : updates[place - 1]!.lastUpdateId;
        const asOf = Math.max(100, newest - (age % 8));
        const { steps, sync } = run([...updates.slice(0, place), snapshot(asOf), ...updates.slice(place)]);
        const after = steps.slice(steps.indexOf(`snapshot ${asOf}`) + 1);
        expect(after).toEqual(
          updates
            .filter(({ lastUpdateId }) => lastUpdateId > asOf)
            .map(({ firstUpdateId, lastUpdateId }) => `${firstUpdateId}-${lastUpdateId}`),
        );
        expect(sync.waiting).toBe(false);
      },
    ),
  );
});
