import { forecastNow, withInterval, type Forecast, type PointForecast } from "../domain/forecasting/forecast.ts";
import type { Model } from "../domain/forecasting/model.ts";
import { barsRead } from "../domain/forecasting/model-spec.ts";
import { volatilityLead } from "../domain/forecasting/volatility-examples.ts";
import type { BarHistory } from "../domain/indicators/indicator-series.ts";
import { INTERVAL_MS } from "../domain/interval-length.ts";
import type { MarketMemory } from "../domain/market-memory.ts";

const KEPT_MAX = 5_000;
/** Forecasts that are made at a time: others need the database, too. */
const MAKING_MAX = 2;
/** The first period may not be whole, and one that stood still does not count. */
const SPARE_PERIODS = 8;
/** Of the last bars of a direction, so that where they begin makes no difference. */
const DIRECTION_BARS = 300;

/** What models say as of now. A forecast is made once for each whole period, however often it is asked for. */
export class Forecaster {
  readonly #memory: MarketMemory;
  readonly #history: BarHistory;
  readonly #made = new Map<string, Promise<PointForecast | null>>();
  readonly #waiting: (() => void)[] = [];
  #making = 0;

  constructor(memory: MarketMemory, history: BarHistory) {
    this.#memory = memory;
    this.#history = history;
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

  async #make({ spec, trained }: Model, untilMs: number): Promise<PointForecast | null> {
    const interval = barsRead(spec);
    const barsPerPeriod = INTERVAL_MS[spec.interval] / INTERVAL_MS[interval];
    const periods = spec.target === "DIRECTION" ? DIRECTION_BARS : volatilityLead(spec) + SPARE_PERIODS;
    await this.#turn();
    try {
      const bars = await this.#history.before(spec.symbol, interval, untilMs, periods * barsPerPeriod);
      return forecastNow(spec, trained.fitted, bars);
    } finally {
      const next = this.#waiting.shift();
      // The turn goes on to who waits longest.
      if (next) next();
      else this.#making -= 1;
    }
  }

  /** Waits until there is room to read bars, which may be thousands. */
  async #turn(): Promise<void> {
    if (this.#making >= MAKING_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#making += 1;
  }
}
