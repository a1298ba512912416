import { setImmediate as nextTurn } from "node:timers/promises";
import { AnswerBudget } from "@mib/subgraph-server/answer-budget";
import DataLoader from "dataloader";
import { barsNeeded } from "../domain/forecasting/bars-needed.ts";
import { forecastTrack, type ForecastTrack } from "../domain/forecasting/forecast-track.ts";
import type { Model } from "../domain/forecasting/model.ts";
import { barsRead } from "../domain/forecasting/model-spec.ts";
import { INTERVAL_MS } from "../domain/interval-length.ts";
import type { PostgresBarHistory } from "./postgres-bar-history.ts";
import type { RequestTurns } from "./request-turns.ts";

/** How often outcomes are to be inside the intervals of a track. */
export const TRACK_COVERAGE = 0.9;
/** What a track of 60 periods reads at most: 127 days of five minutes. */
const TRACK_BARS_MAX = 127 * 288;
/** What all tracks of one request read: twenty of 60 periods, whatever their models look back on. */
const BARS_MAX = 20 * TRACK_BARS_MAX;

/** The last `count` forecasts of a model, of periods that ended by `untilMs`. */
interface WantedTrack {
  model: Model;
  untilMs: number;
  count: number;
}

/**
 * What models said of periods that ended by a time, beside what happened by then. For one request: what it reads is bounded, and
 * the bars of many tracks are read together.
 */
export class ForecastTracks {
  readonly #history: Pick<PostgresBarHistory, "beforeEach">;
  readonly #turns: RequestTurns;
  readonly #budget = new AnswerBudget({ rowsMax: BARS_MAX });
  readonly #tracks = new DataLoader((wanted: readonly WantedTrack[]) => this.#make(wanted), {
    cacheKeyFn: ({ model, untilMs, count }) => `${model.id} ${untilMs} ${count}`,
  });

  constructor(history: Pick<PostgresBarHistory, "beforeEach">, turns: RequestTurns) {
    this.#history = history;
    this.#turns = turns;
  }

  /** Nothing that opened after `asOfMs` goes in. */
  async track(model: Model, asOfMs: number, count: number): Promise<ForecastTrack> {
    const periodMs = INTERVAL_MS[model.spec.interval];
    this.#budget.take(barsNeeded(model.spec, count));
    return this.#tracks.load({ model, untilMs: Math.floor(asOfMs / periodMs) * periodMs, count });
  }

  async #make(wanted: readonly WantedTrack[]): Promise<(ForecastTrack | Error)[]> {
    const parts = await Promise.all(
      partsOf(wanted).map(({ bars, tracks }) =>
        this.#turns.take(bars, () => this.#read(tracks)).catch((error: Error) => tracks.map(() => error)),
      ),
    );
    return parts.flat();
  }

  async #read(part: readonly WantedTrack[]): Promise<ForecastTrack[]> {
    const bars = await this.#history.beforeEach(
      part.map(({ model: { spec }, untilMs, count }) => ({
        symbol: spec.symbol,
        interval: barsRead(spec),
        fromMs: -Infinity,
        toMs: untilMs,
        count: barsNeeded(spec, count),
      })),
    );
    const tracks: ForecastTrack[] = [];
    for (const [at, { model, count }] of part.entries()) {
      // Each computes for a while; others are let in between.
      if (at > 0) await nextTurn();
      tracks.push(forecastTrack(model, bars[at]!, { count, coverage: TRACK_COVERAGE }));
    }
    return tracks;
  }
}

/** In their order, so that no part reads more bars than the longest track alone may. */
function partsOf(wanted: readonly WantedTrack[]): { bars: number; tracks: WantedTrack[] }[] {
  const parts: { bars: number; tracks: WantedTrack[] }[] = [];
  for (const each of wanted) {
    const bars = barsNeeded(each.model.spec, each.count);
    const part = parts.at(-1);
    if (part === undefined || part.bars + bars > TRACK_BARS_MAX) parts.push({ bars, tracks: [each] });
    else {
      part.bars += bars;
      part.tracks.push(each);
    }
  }
  return parts;
}
