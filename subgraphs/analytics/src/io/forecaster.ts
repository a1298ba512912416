import { barsNeeded } from "../domain/forecasting/bars-needed.ts";
import { forecastNow, withInterval, type Forecast, type PointForecast } from "../domain/forecasting/forecast.ts";
import type { Model } from "../domain/forecasting/model.ts";
import { barsRead } from "../domain/forecasting/model-spec.ts";
import type { BarHistory } from "../domain/indicators/indicator-series.ts";
import { INTERVAL_MS } from "../domain/interval-length.ts";
import type { MarketMemory } from "../domain/market-memory.ts";
import type { RequestTurns } from "./request-turns.ts";

const KEPT_MAX = 5_000;

/** What models say as of now. A forecast is made once for each whole period, however often it is asked for. */
export class Forecaster {
  readonly #memory: MarketMemory;
  readonly #history: BarHistory;
  readonly #made = new Map<string, Promise<PointForecast | null>>();

  constructor(memory: MarketMemory, history: BarHistory) {
    this.#memory = memory;
    this.#history = history;
  }

  /** One that has to be made is made in its turn. */
  async forecast(model: Model, coverage: number, turns: RequestTurns): Promise<Forecast | null> {
    const point = await this.#point(model, turns);
    return point && withInterval(model.spec, point, model.trained.calibration, coverage);
  }

  async #point(model: Model, turns: RequestTurns): Promise<PointForecast | null> {
    const { spec } = model;
    const interval = barsRead(spec);
    const last = this.#memory.window(spec.symbol, interval)?.last;
    if (last === undefined) return null;
    const periodMs = INTERVAL_MS[spec.interval];
    const periodsDone = Math.floor((last.openedAtMs + INTERVAL_MS[interval]) / periodMs);
    const key = `${model.id} ${periodsDone} ${spec.measure === "REALISED" ? "" : last.revision}`;
    const made = this.#made.get(key);
    if (made !== undefined) return made;
    // Nobody waits for the turn of somebody else: whoever's turn comes first makes it.
    return turns.take(barsNeeded(spec, 1), () => this.#made.get(key) ?? this.#keep(key, model, periodsDone * periodMs));
  }

  #keep(key: string, model: Model, untilMs: number): Promise<PointForecast | null> {
    const point = this.#make(model, untilMs);
    this.#made.set(key, point);
    // Bars that were missing may come.
    const forget = () => this.#made.delete(key);
    point.then((found) => found ?? forget(), forget);
    // The oldest goes first: a Map keeps the order of insertion.
    if (this.#made.size > KEPT_MAX) this.#made.delete(this.#made.keys().next().value as string);
    return point;
  }

  async #make({ spec, trained }: Model, untilMs: number): Promise<PointForecast | null> {
    const bars = await this.#history.before(spec.symbol, barsRead(spec), untilMs, barsNeeded(spec, 1));
    return forecastNow(spec, trained.fitted, bars);
  }
}
