import type { StreamEvent } from "@mib/events/event";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RefillWindow } from "./refill-window.ts";

const event = (sequence: number, channel = "A", epoch = "e1", value = "12345"): StreamEvent => ({
  topic: "market.trades.v1",
  partition: 0,
  offset: BigInt(sequence),
  key: channel,
  channel,
  position: { epoch, id: `${sequence}-0` },
  eventId: null,
  backfill: false,
  brokerTimeMs: 0,
  traceparent: null,
  value,
});
const limits = { entriesMax: 3, bytesMax: 1_000, ageMsMax: 1_000 };
const shape = (window: RefillWindow) =>
  window.take().map(({ event: { position, channel }, before }) => [channel, position.id, before]);

test("the last events of each channel are kept, linked to what was left out", () => {
  const window = new RefillWindow(limits);
  for (let i = 1; i <= 10; i++) window.add(event(i));
  window.add(event(11, "B"));
  expect(shape(window)).toEqual([
    ["A", "8-0", { id: "7-0", count: 7 }],
    ["A", "9-0", null],
    ["A", "10-0", null],
    ["B", "11-0", null],
  ]);
});

test("what the log repeats is counted once, and an epoch that is over leaves nothing", () => {
  const window = new RefillWindow(limits);
  for (const [sequence, epoch] of [
    [1, "e1"],
    [2, "e1"],
    [1, "e1"],
    [2, "e1"],
    [3, "e1"],
    [1, "e2"],
    [4, "e1"],
  ] as const)
    window.add(event(sequence, "A", epoch));
  expect(window.take().map(({ event: { position }, before }) => [position, before])).toEqual([
    [{ epoch: "e2", id: "1-0" }, null],
  ]);
});

test("taken in pieces, it links the pieces", () => {
  const window = new RefillWindow(limits);
  window.add(event(1));
  expect(shape(window)).toEqual([["A", "1-0", null]]);
  for (let i = 2; i <= 9; i++) window.add(event(i));
  expect(shape(window)[0]).toEqual(["A", "7-0", { id: "6-0", count: 6 }]);
  expect(window.bytes).toBe(0);
});

test("it holds no more than the windows will, give or take their size", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom("A", "B"), fc.integer({ min: 0, max: 400 })), { maxLength: 80 }),
      (events) => {
        const window = new RefillWindow({ ...limits, entriesMax: 10 });
        let bytes = 0;
        events.forEach(([channel, size], i) => window.add(event(i + 1, channel, "e1", "v".repeat(size))));
        expect(window.bytes).toBeLessThanOrEqual(2 * (2 * 1_000 + 400));
        for (const channel of ["A", "B"]) {
          const all = events
            .map(([name, size], i) => ({ name, size, sequence: i + 1 }))
            .filter(({ name }) => name === channel);
          let keep = 0;
          bytes = 0;
          while (keep < Math.min(10, all.length) && (keep === 0 || bytes + all[all.length - 1 - keep]!.size <= 1_000))
            bytes += all[all.length - 1 - keep++]!.size;
          channelsOf.set(
            channel,
            all.slice(all.length - keep).map(({ sequence }) => `${sequence}-0`),
          );
        }
        const taken = window.take();
        for (const channel of ["A", "B"])
          expect(taken.filter(({ event }) => event.channel === channel).map(({ event }) => event.position.id)).toEqual(
            channelsOf.get(channel),
          );
      },
    ),
  );
});
const channelsOf = new Map<string, string[]>();
