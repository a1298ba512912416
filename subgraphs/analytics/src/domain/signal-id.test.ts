import { expect, test } from "vitest";
import { signalId } from "./signal-id.ts";
import type { Signal } from "./signals.ts";

const cross: Signal = { kind: "CROSS", direction: "UP", score: 1, explanation: "" };
const bar = { channel: "BTCUSDT/M1", openedAt: "2024-08-08T12:00:00Z" };
const anomaly = (metric: "VOLUME" | "PRICE"): Signal => ({
  ...cross,
  kind: "ANOMALY",
  evidence: {
    metric,
    method: "MEDIAN_MAD",
    direction: "UP",
    score: 5,
    explanation: "",
    threshold: 4,
    value: 9,
    baseline: 1,
    scale: 1,
    fromMs: 0,
    toMs: 1,
  },
});

test("a bar that is revised says the same again under the same id", () => {
  expect(signalId({ ...cross, score: 1.5 }, bar)).toBe(signalId(cross, bar));
});

test("what differs in kind, direction, way, instrument, interval or time has an id of its own", () => {
  const ids = [
    signalId(cross, bar),
    signalId({ ...cross, kind: "BREAKOUT" }, bar),
    signalId({ ...cross, direction: "DOWN" }, bar),
    signalId(anomaly("VOLUME"), bar),
    signalId(anomaly("PRICE"), bar),
    signalId(cross, { ...bar, channel: "BTCUSDT/M5" }),
    signalId(cross, { ...bar, channel: "ETHUSDT/M1" }),
    signalId(cross, { ...bar, openedAt: "2024-08-08T12:01:00Z" }),
  ];
  expect(new Set(ids).size).toBe(ids.length);
});
