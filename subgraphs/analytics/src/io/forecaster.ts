import { barsNeeded } from "../domain/forecasting/bars-needed.ts";
import { forecastNow, withInterval, type Forecast, type PointForecast } from "../domain/forecasting/forecast.ts";
import type { Model } from "../domain/forecasting/model.ts";
import { barsRead } from "../domain/forecasting/model-spec.ts";
import type { BarHistory } from "../domain/indicators/indicator-series.ts";
import { INTERVAL_MS } from "../domain/interval-length.ts";
import type { MarketMemory } from "../domain/market-memory.ts";
import type { Turns } from "./turns.ts";

const KEPT_MAX = 5_000;

/** What models say as of now. A forecast is made once for each whole period, however often it is asked for. */
export class Forecaster {
  readonly #memory: MarketMemory;
  readonly #history: BarHistory;
  readonly #made = new Map<string, Promise<PointForecast | null>>();
  readonly #turns: Turns;

  constructor(memory: MarketMemory, history: BarHistory, turns: Turns) {
    this.#memory = memory;
    this.#history = history;
    this.#turns = turns;
  }

  async forecast(model: Model, coverage: number): Promise<Forecast | null> {
    const point = await this.#point(model);
    return point && withInterval(model.spec, point, model.trained.calibration, coverage);
  }

  #point(model: Model): Promise<PointForecast | null> {
    const { spec } = model;
    const interval = barsRead(spec);
    const last = this.#memory.window(spec.symbol, interval)?.last;
    if (last === undefined) return Promise.resolve(null);
    const periodMs = INTERVAL_MS[spec.interval];
    const periodsDone = Math.floor((last.openedAtMs + INTERVAL_MS[interval]) / periodMs);
    const key = `${model.id} ${periodsDone} ${spec.measure === "REALISED" ? "" : last.revision}`;
    const made = this.#made.get(key);
    if (made !== undefined) return made;
    const point = this.#make(model, periodsDone * periodMs);
    this.#made.set(key, point);
    // Bars that were missing may come.
    const forget = () => this.#made.delete(key);
    point.then((found) => found ?? forget(), forget);
    // The oldest goes first: a Map keeps the order of insertion.
    if (this.#made.size > KEPT_MAX) this.#made.delete(this.#made.keys().next().value as string);
    return point;
  }

  #make({ spec, trained }: Model, untilMs: number): Promise<PointForecast | null> {
    return this.#turns.take(async () => {
      const bars = await this.#history.before(spec.symbol, barsRead(spec), untilMs, barsNeeded(spec, 1));
      return forecastNow(spec, trained.fitted, bars);
    });
  }
}
