import fc from "fast-check";
import { expect, test } from "vitest";
import { BarWindow, type WindowBar } from "./bar-window.ts";

function bar(openedAtMs: number, close = 1, revision = 0): WindowBar {
  return { openedAtMs, open: close, high: close, low: close, close, volume: 1, revision };
}

test("in whatever order bars come, the window holds the newest ones in order, each in its latest revision", () => {
  const anyBars = fc.array(
    fc.record({ minute: fc.integer({ min: 0, max: 60 }), revision: fc.integer({ min: 0, max: 3 }) }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(anyBars, (given) => {
      const window = new BarWindow(1_000);
      for (const { minute, revision } of given) window.add(bar(minute * 60_000, minute + revision / 10, revision));
      const latest = new Map<number, number>();
      for (const { minute, revision } of given) latest.set(minute, Math.max(revision, latest.get(minute) ?? 0));
      const expected = [...latest].sort(([a], [b]) => a - b);
      expect(window.bars.map(({ openedAtMs, revision }) => [openedAtMs / 60_000, revision])).toEqual(expected);
    }),
  );
});

test("a full window lets go of the oldest bars", () => {
  const window = new BarWindow(100);
  for (let minute = 0; minute < 1_000; minute++) window.add(bar(minute));
  expect(window.bars.length).toBeLessThan(125);
  expect(window.bars.at(-1)?.openedAtMs).toBe(999);
  expect(window.bars[0]!.openedAtMs).toBe(1_000 - window.bars.length);
});

test("only a bar that is now the newest counts as new", () => {
  const window = new BarWindow(10);
  expect(window.add(bar(2))).toBe(true);
  expect(window.add(bar(2))).toBe(false);
  expect(window.add(bar(1))).toBe(false);
  expect(window.add(bar(2, 5, 1))).toBe(true);
});

test("unpacking inverts packing", () => {
  const window = new BarWindow(10);
  for (let minute = 0; minute < 7; minute++) window.add(bar(minute, Math.PI * minute, minute % 2));
  expect(BarWindow.unpack(window.pack(), 10)?.bars).toEqual(window.bars);
});

test.each([
  ["cut off within a number", (packed: Buffer) => packed.subarray(0, -3)],
  ["cut off within a bar", (packed: Buffer) => packed.subarray(0, -8)],
  ["bars in no order", (packed: Buffer) => Buffer.concat([packed, packed])],
  ["a price that is no number", (packed: Buffer) => (packed.writeDoubleLE(Number.NaN, 8), packed)],
])("bytes that are no window are told from one: %s", (_, spoil) => {
  const window = new BarWindow(10);
  for (let minute = 0; minute < 3; minute++) window.add(bar(minute));
  expect(BarWindow.unpack(spoil(window.pack()), 10)).toBeNull();
});
