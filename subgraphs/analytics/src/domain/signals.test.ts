import { expect, test } from "vitest";
import { BarWindow } from "./bar-window.ts";
import { detectSignals } from "./signals.ts";

/** The signals after the last of these closes; volumes are 100 unless given. */
function signalsOf(closes: readonly number[], lastVolume = 100) {
  const window = new BarWindow(600);
  closes.forEach((close, index) => {
    // A volume that varies a little, so that a baseline exists.
    const volume = index === closes.length - 1 ? lastVolume : 100 + (index % 5);
    window.add({
      openedAtMs: index * 60_000,
      open: close,
      high: close + 0.5,
      low: close - 0.5,
      close,
      volume,
      revision: 0,
    });
  });
  return detectSignals(window);
}

const quiet = Array.from({ length: 200 }, (_, index) => 100 + Math.sin(index * 1.7) * 0.3);

test("a quiet market gives no breakout and no anomaly", () => {
  expect(signalsOf(quiet).filter((signal) => signal.kind !== "CROSS")).toEqual([]);
});

test("a close above the range is a breakout once, not on every bar that stays above", () => {
  const broke = signalsOf([...quiet, 103]).filter((signal) => signal.kind === "BREAKOUT");
  expect(broke).toMatchObject([{ direction: "UP" }]);
  expect(signalsOf([...quiet, 103, 103.2]).filter((signal) => signal.kind === "BREAKOUT")).toEqual([]);
});

test("a jump far outside the returns before it is an anomaly in its direction", () => {
  expect(signalsOf([...quiet, 90]).find(({ evidence }) => evidence?.metric === "PRICE")).toMatchObject({
    kind: "ANOMALY",
    direction: "DOWN",
    evidence: { method: "MEDIAN_MAD", fromMs: 79 * 60_000, toMs: 199 * 60_000 },
  });
});

test("a burst of volume is an anomaly without a direction", () => {
  expect(signalsOf([...quiet, 100], 5_000).filter((signal) => signal.kind === "ANOMALY")).toMatchObject([
    { direction: null },
  ]);
});

test("the fast average crossing the slow one is told with the bar that crosses, and only then", () => {
  const falling = Array.from({ length: 80 }, (_, index) => 200 - index);
  const rising = Array.from({ length: 60 }, (_, index) => 121 + index * 2);
  const crossings = rising.map((_, index) =>
    signalsOf([...falling, ...rising.slice(0, index + 1)]).filter((signal) => signal.kind === "CROSS"),
  );
  expect(crossings.flat()).toMatchObject([{ direction: "UP" }]);
});
