import { expect, test } from "vitest";
import { INTERVAL_MS } from "../domain/interval-length.ts";
import type { WindowBar } from "../domain/bar-window.ts";
import type { BarHistory } from "../domain/indicators/indicator-series.ts";
import type { Model } from "../domain/forecasting/model.ts";
import { modelSpec } from "../domain/forecasting/model-spec.ts";
import { market } from "../domain/forecasting/test-market.ts";
import { train } from "../domain/forecasting/train.ts";
import { ForecastTracks } from "./forecast-tracks.ts";
import { Turns } from "./turns.ts";

const bars: WindowBar[] = market(220).bars.map((bar) => ({ ...bar, revision: 0 }));
const NEVER = new AbortController().signal;
const spec = modelSpec({ symbol: "A", kind: "HAR_RV", interval: "D1" });
const model = { spec, trained: train(spec, bars, null) } as Model;

/** Bars of five minutes that take a moment to read: how many readings there were, and how many at a time. */
function slowHistory() {
  let [reading, readings, atOnceMost, beyond] = [0, 0, 0, 0];
  const history: BarHistory = {
    async before(_, __, beforeMs, count) {
      reading += 1;
      readings += 1;
      atOnceMost = Math.max(atOnceMost, reading);
      beyond = Math.max(beyond, beforeMs);
      await new Promise((resolve) => setImmediate(resolve));
      reading -= 1;
      return bars.filter(({ openedAtMs }) => openedAtMs < beforeMs).slice(-count);
    },
    within: () => Promise.resolve([]),
  };
  return { history, readings: () => readings, atOnceMost: () => atOnceMost, beyond: () => beyond };
}

test("tracks read nothing beyond their time, and take turns with all others", async () => {
  const { history, atOnceMost, beyond } = slowHistory();
  const turns = new Turns(2);
  const asOfMs = 200 * INTERVAL_MS.D1 + 5 * INTERVAL_MS.H1;
  const requests = [1, 2, 3].map(() => new ForecastTracks(history, turns, NEVER));
  const tracks = await Promise.all(requests.flatMap((request) => [1, 2].map(() => request.track(model, asOfMs, 10))));
  for (const { points } of tracks) {
    expect(points).toHaveLength(10);
    expect(points.at(-1)).toMatchObject({ atMs: 200 * INTERVAL_MS.D1, actual: null });
  }
  expect(atOnceMost()).toBe(2);
  expect(beyond()).toBe(200 * INTERVAL_MS.D1);
});

test("of a request whose client is gone, no track that still waits is read", async () => {
  const { history, readings } = slowHistory();
  const client = new AbortController();
  const request = new ForecastTracks(history, new Turns(2), client.signal);
  const tracks = Promise.allSettled([1, 2, 3, 4].map(() => request.track(model, 200 * INTERVAL_MS.D1, 10)));
  client.abort();
  expect((await tracks).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "rejected"]);
  expect(readings()).toBe(2);
});

test("what the tracks of one request read is bounded: the longest of one list fit", async () => {
  const { history } = slowHistory();
  const request = new ForecastTracks(history, new Turns(2), NEVER);
  const longest = { ...model, spec: modelSpec({ symbol: "A", kind: "HAR_RV", lags: [1, 60] }) };
  const many = Array.from({ length: 30 }, () => request.track(longest, 200 * INTERVAL_MS.D1, 60));
  const results = await Promise.allSettled(many);
  const refused = results.filter((result) => result.status === "rejected").map(({ reason }) => reason.code);
  expect(new Set(refused)).toEqual(new Set(["RANGE_TOO_LARGE"]));
  // As many as one list may have.
  expect(results.length - refused.length).toBe(20);
});
