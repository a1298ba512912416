import { AnswerBudget } from "@mib/subgraph-server/answer-budget";
import { barsNeeded } from "../domain/forecasting/bars-needed.ts";
import { forecastTrack, type ForecastTrack } from "../domain/forecasting/forecast-track.ts";
import type { Model } from "../domain/forecasting/model.ts";
import { barsRead } from "../domain/forecasting/model-spec.ts";
import type { BarHistory } from "../domain/indicators/indicator-series.ts";
import { INTERVAL_MS } from "../domain/interval-length.ts";
import type { Turns } from "./turns.ts";

/** How often outcomes are to be inside the intervals of a track. */
export const TRACK_COVERAGE = 0.9;
/** What all tracks of one request read: twenty of 60 periods, whatever their models look back on (127 days of five minutes at most). */
const BARS_MAX = 20 * 127 * 288;

/** What models said of periods that ended by a time, beside what happened by then. For one request: what it reads is bounded. */
export class ForecastTracks {
  readonly #history: BarHistory;
  readonly #turns: Turns;
  readonly #signal: AbortSignal;
  readonly #budget = new AnswerBudget({ rowsMax: BARS_MAX });

  constructor(history: BarHistory, turns: Turns, signal: AbortSignal) {
    this.#history = history;
    this.#turns = turns;
    this.#signal = signal;
  }

  /** Nothing that opened after `asOfMs` goes in. */
  async track(model: Model, asOfMs: number, count: number): Promise<ForecastTrack> {
    const { spec } = model;
    const periodMs = INTERVAL_MS[spec.interval];
    const needed = barsNeeded(spec, count);
    this.#budget.take(needed);
    return this.#turns.take(async () => {
      // Whoever asked may be gone by the time the turn comes.
      this.#signal.throwIfAborted();
      const until = Math.floor(asOfMs / periodMs) * periodMs;
      const bars = await this.#history.before(spec.symbol, barsRead(spec), until, needed);
      return forecastTrack(model, bars, { count, coverage: TRACK_COVERAGE });
    });
  }
}
