import { expect, test } from "vitest";
import { INTERVAL_MS } from "../domain/interval-length.ts";
import type { WindowBar } from "../domain/bar-window.ts";
import type { Model } from "../domain/forecasting/model.ts";
import { modelSpec } from "../domain/forecasting/model-spec.ts";
import { market } from "../domain/forecasting/test-market.ts";
import { train } from "../domain/forecasting/train.ts";
import { ForecastTracks } from "./forecast-tracks.ts";
import type { BarRange } from "./postgres-bar-history.ts";
import { FairTurns } from "./fair-turns.ts";
import { RequestTurns } from "./request-turns.ts";

const bars: WindowBar[] = market(220).bars.map((bar) => ({ ...bar, revision: 0 }));
const NEVER = new AbortController().signal;
const atMostTwo = () => new FairTurns({ atOnceMax: 2 });
const turnsOf = (turns: FairTurns, signal = NEVER) => new RequestTurns(turns, { caller: "a", signal });
const spec = modelSpec({ symbol: "A", kind: "HAR_RV", interval: "D1" });
const trained = train(spec, bars, null);
/** Models that know the same of the same instrument. */
const models = Array.from({ length: 40 }, (_, at) => ({ id: String(at), spec, trained }) as Model);

/** Bars of five minutes that take a moment to read: how many readings there were, how many at a time, and how large the largest was. */
function slowHistory({ onReading }: { onReading?: (readings: number) => void } = {}) {
  const seen = { readings: 0, atOnceMost: 0, beyond: 0, rowsMost: 0 };
  let reading = 0;
  return {
    seen,
    async beforeEach(ranges: readonly BarRange[]) {
      reading += 1;
      seen.readings += 1;
      onReading?.(seen.readings);
      seen.atOnceMost = Math.max(seen.atOnceMost, reading);
      seen.beyond = Math.max(seen.beyond, ...ranges.map(({ toMs }) => toMs));
      seen.rowsMost = Math.max(
        seen.rowsMost,
        ranges.reduce((sum, { count }) => sum + count, 0),
      );
      await new Promise((resolve) => setImmediate(resolve));
      reading -= 1;
      return ranges.map(({ toMs, count }) => bars.filter(({ openedAtMs }) => openedAtMs < toMs).slice(-count));
    },
  };
}

test("tracks read nothing beyond their time, and take turns with all others", async () => {
  const history = slowHistory();
  const turns = atMostTwo();
  const asOfMs = 200 * INTERVAL_MS.D1 + 5 * INTERVAL_MS.H1;
  const requests = [1, 2, 3].map(() => new ForecastTracks(history, turnsOf(turns)));
  const tracks = await Promise.all(
    requests.flatMap((request) => models.slice(0, 2).map((model) => request.track(model, asOfMs, 10))),
  );
  for (const { points } of tracks) {
    expect(points).toHaveLength(10);
    expect(points.at(-1)).toMatchObject({ atMs: 200 * INTERVAL_MS.D1, actual: null });
  }
  expect(history.seen).toMatchObject({ atOnceMost: 2, beyond: 200 * INTERVAL_MS.D1 });
});

test("many tracks are read together, as many bars at a time as the longest one takes", async () => {
  const history = slowHistory();
  const request = new ForecastTracks(history, turnsOf(atMostTwo()));
  const asOfMs = (at: number) => (180 + at) * INTERVAL_MS.D1;
  const tracks = await Promise.all(models.map((model, at) => request.track(model, asOfMs(at), 10)));
  for (const [at, { points }] of tracks.entries()) {
    expect(points).toHaveLength(10);
    expect(points.at(-1)).toMatchObject({ atMs: asOfMs(at) });
  }
  expect(history.seen.rowsMost).toBeLessThanOrEqual(127 * 288);
  expect(history.seen.readings).toBe(14);
  // The same once more is there already.
  expect(await request.track(models[3]!, asOfMs(3), 10)).toBe(tracks[3]);
});

test("of a request whose client is gone, no track that still waits is read", async () => {
  const client = new AbortController();
  const history = slowHistory({ onReading: (readings) => void (readings === 2 && client.abort()) });
  const request = new ForecastTracks(history, turnsOf(atMostTwo(), client.signal));
  // Three are read together.
  const tracks = await Promise.allSettled(
    models.slice(0, 9).map((model) => request.track(model, 200 * INTERVAL_MS.D1, 10)),
  );
  expect(tracks.map(({ status }) => status)).toEqual([
    ...new Array(6).fill("fulfilled"),
    ...new Array(3).fill("rejected"),
  ]);
  expect(history.seen.readings).toBe(2);
});

test("what the tracks of one request read is bounded: the longest of one list fit", async () => {
  const request = new ForecastTracks(slowHistory(), turnsOf(atMostTwo()));
  const longest = modelSpec({ symbol: "A", kind: "HAR_RV", lags: [1, 60] });
  const many = models.slice(0, 30).map((model) => request.track({ ...model, spec: longest }, 200 * INTERVAL_MS.D1, 60));
  const results = await Promise.allSettled(many);
  const refused = results.filter((result) => result.status === "rejected").map(({ reason }) => reason.code);
  expect(new Set(refused)).toEqual(new Set(["RANGE_TOO_LARGE"]));
  // As many as one list may have.
  expect(results.length - refused.length).toBe(20);
});
