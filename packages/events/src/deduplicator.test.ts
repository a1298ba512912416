import fc from "fast-check";
import { expect, test } from "vitest";
import { Deduplicator } from "./deduplicator.ts";
import { idOfOffset } from "./position.ts";

const bySequence = (sequence: number, channel = "A", epoch = "e1") => ({
  topic: "t",
  partition: 0,
  channel,
  position: { epoch, id: `${sequence}-0` },
  eventId: null,
});
const byOffset = (offset: number, eventId: string) => ({
  topic: "t",
  partition: 0,
  channel: "*",
  position: { epoch: "e1", id: idOfOffset(String(offset)) },
  eventId,
});

test("events of the engine are accepted once per channel, however often and in whatever pieces the log repeats them", () => {
  const anyReplay = fc.array(fc.tuple(fc.nat(30), fc.nat(30)));
  fc.assert(
    fc.property(anyReplay, (replays) => {
      const deduplicator = new Deduplicator();
      const accepted: number[] = [];
      let written = 0;
      for (const [back, forward] of [...replays, [0, 10] as const]) {
        for (let sequence = Math.max(1, written - back); sequence <= written + forward; sequence++) {
          if (deduplicator.accept(bySequence(sequence))) accepted.push(sequence);
        }
        written += forward;
      }
      expect(accepted).toEqual(Array.from({ length: written }, (_, i) => i + 1));
    }),
  );
});

test("channels do not hide each other's events", () => {
  const deduplicator = new Deduplicator();
  expect(
    [bySequence(5, "A"), bySequence(4, "B"), bySequence(4, "A"), bySequence(5, "B")].map((event) =>
      deduplicator.accept(event),
    ),
  ).toEqual([true, true, false, true]);
});

test("an event that was sent again at another offset is known by its id", () => {
  const deduplicator = new Deduplicator();
  expect([byOffset(0, "x"), byOffset(1, "x"), byOffset(2, "y")].map((event) => deduplicator.accept(event))).toEqual([
    true,
    false,
    true,
  ]);
});

test("a new epoch is accepted from its beginning, and the old one is over", () => {
  const deduplicator = new Deduplicator();
  expect(
    [bySequence(9), bySequence(1, "A", "e2"), bySequence(10), bySequence(2, "B", "e2"), bySequence(3, "B")].map(
      (event) => deduplicator.accept(event),
    ),
  ).toEqual([true, true, false, true, false]);
});

test("a partition that is behind still has events of an epoch that is over in another", () => {
  const deduplicator = new Deduplicator();
  const inPartition = (partition: number, event: ReturnType<typeof bySequence>) => ({ ...event, partition });
  expect(
    [
      inPartition(0, bySequence(1, "A")),
      inPartition(0, bySequence(1, "A", "e2")),
      inPartition(1, bySequence(1, "B")),
      inPartition(1, bySequence(2, "B")),
      inPartition(1, bySequence(1, "B", "e2")),
      inPartition(1, bySequence(3, "B")),
      inPartition(0, bySequence(2, "A")),
    ].map((event) => deduplicator.accept(event)),
  ).toEqual([true, true, true, true, true, false, false]);
});

test("what a process knew when it stopped, its successor knows", () => {
  const deduplicator = new Deduplicator();
  deduplicator.restore("t", 0, { epoch: "e1", id: "7-0" }, ["x"]);
  expect(
    [bySequence(7), bySequence(6, "B"), bySequence(8), byOffset(20, "x"), byOffset(21, "y")].map((event) =>
      deduplicator.accept(event),
    ),
  ).toEqual([false, false, true, false, true]);
  expect(deduplicator.eventIds("t", 1)).toEqual(["y"]);
});

test("of the event ids only so many are remembered", () => {
  const deduplicator = new Deduplicator({ eventIdsMax: 2 });
  for (const [offset, id] of ["a", "b", "c"].entries()) deduplicator.accept(byOffset(offset, id));
  expect(deduplicator.eventIds("t", 10)).toEqual(["b", "c"]);
});
